/* Time that passes, for measuring. */
#ifndef FC_BASE_CLOCK_H
#define FC_BASE_CLOCK_H

/* Of a clock that never goes back: seconds, and the same in milliseconds. */
double fc_now(void);
double fc_now_ms(void);

#endif

/* Time that passes, for measuring. */
#ifndef FC_BASE_CLOCK_H
#define FC_BASE_CLOCK_H

/* Milliseconds of a clock that never goes back. */
double fc_now_ms(void);

#endif

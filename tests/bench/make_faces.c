/* make_faces N PEOPLE CONTRACT: records of so many faces with embeddings of 192 numbers, of people whose photos have a cosine of
 * about 0.7 with each other, by numbers that are the same each time. */
#include <math.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIM = 192 };

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* About normal: twelve uniform numbers are enough here. */
static double number(uint64_t *state)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += (double)(mix((*state)++) >> 11) / 9007199254740992.0;
    return sum;
}

int main(int argc, char **argv)
{
    const long n = argc == 4 ? atol(argv[1]) : 0, people = argc == 4 ? atol(argv[2]) : 0;
    static char text[2048];

    if (n < 1 || people < 1)
        return 2;
    for (long i = 0; i < n; i++) {
        uint64_t who = mix((uint64_t)(i % people)) << 12, photo = mix((uint64_t)i + 1000000007u) << 12;
        float v[DIM];
        double sum = 0;
        for (int k = 0; k < DIM; k++) {
            v[k] = (float)(number(&who) + 0.65 * number(&photo));
            sum += (double)v[k] * (double)v[k];
        }
        for (int k = 0; k < DIM; k++)
            v[k] = (float)((double)v[k] / sqrt(sum));
        sodium_bin2base64(text, sizeof text, (const unsigned char *)v, sizeof v,
                          sodium_base64_VARIANT_ORIGINAL);
        printf("{\"v\":1,\"src\":\"%ld/"
               "%ld.jpg\",\"w\":250,\"h\":250,\"faces\":[{\"box\":[80,80,90,120],\"score\":1,"
               "\"embedding\":{\"model\":\"%s\",\"f32\":\"%s\"}}]}\n",
               i % people, i / people, argv[3], text);
    }
    return fflush(stdout) ? 2 : 0;
}

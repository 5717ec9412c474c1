/* The threads of the kernel. They outlive a call and spin for some tenths of a millisecond before they sleep, so that the
 * calls of a training loop find them awake. Unlike an OpenMP team there is no barrier: the caller takes every chunk
 * that no thread has taken and waits only for chunks that are being worked on. So on a busy machine, where a thread
 * may not run for a whole time slice, a call takes no longer than it would alone. */

#include <pthread.h>
#include <sched.h>

#include "team.h"

enum { MOST_THREADS = 64, SPINS = 8000, PATIENCE = 2000 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t woken;
    Team *_Atomic team;   /* what is worked on */
    atomic_uint calls;    /* raised with every team, so that a thread takes part in it once */
    atomic_int busy;      /* a call holds the pool; another one works alone */
    atomic_int active;    /* threads that may be looking at `team` */
    atomic_int sleeping;
    int threads;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void *member(void *number) {
    const long rank = (long)number; /* 1, 2, ...: the caller is 0 */
    unsigned seen = 0;
    for (;;) {
        for (int spin = 0; spin < SPINS && atomic_load(&pool.calls) == seen; spin++) relax();
        if (atomic_load(&pool.calls) == seen) {
            pthread_mutex_lock(&pool.mutex);
            atomic_fetch_add(&pool.sleeping, 1);
            while (atomic_load(&pool.calls) == seen) pthread_cond_wait(&pool.woken, &pool.mutex);
            atomic_fetch_sub(&pool.sleeping, 1);
            pthread_mutex_unlock(&pool.mutex);
        }
        seen = atomic_load(&pool.calls);
        atomic_fetch_add(&pool.active, 1); /* before the look at `team`: its caller may not return meanwhile */
        Team *team = atomic_load(&pool.team);
        if (team && rank < team->threads) team->work(team);
        atomic_fetch_sub(&pool.active, 1);
    }
    return 0;
}

/* A forked child has none of the threads, and the locks may be held by one of them. */
static void forget_threads(void) {
    pool.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    pool.woken = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    atomic_store(&pool.team, 0);
    atomic_store(&pool.busy, 0), atomic_store(&pool.active, 0), atomic_store(&pool.sleeping, 0);
    pool.threads = 0;
}

static void grow(int threads) {
    static int watched;
    if (!watched) watched = pthread_atfork(0, 0, forget_threads) == 0;
    pthread_attr_t detached;
    if (!watched || pthread_attr_init(&detached)) return;
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    while (pool.threads < threads && pool.threads < MOST_THREADS) {
        pthread_t made;
        if (pthread_create(&made, &detached, member, (void *)(long)(pool.threads + 1))) break;
        pool.threads++;
    }
    pthread_attr_destroy(&detached);
}

int qlstm_run_team(Team *team) {
    if (team->threads > team->chunks) team->threads = team->chunks;
    if (team->threads < 2 || atomic_exchange(&pool.busy, 1)) {
        team->work(team);
        return atomic_load(&team->failed);
    }
    if (pool.threads < team->threads - 1) grow(team->threads - 1);
    atomic_store(&pool.team, team);
    atomic_fetch_add(&pool.calls, 1);
    if (atomic_load(&pool.sleeping)) {
        pthread_mutex_lock(&pool.mutex);
        pthread_cond_broadcast(&pool.woken);
        pthread_mutex_unlock(&pool.mutex);
    }
    team->work(team);
    atomic_store(&pool.team, 0);
    /* a yield on a busy machine can cost a time slice, so not at once */
    for (int spin = 0; atomic_load(&pool.active); spin++)
        if (spin < PATIENCE)
            relax();
        else
            sched_yield();
    atomic_store(&pool.busy, 0);
    return atomic_load(&team->failed);
}

/* Chunks of one call, taken one by one by the calling thread and, where the work is worth it, by threads made for it.
 *
 * Threads are made per call (about 20 us each) rather than kept: nothing spins between calls, so other thread
 * pools (torch has one) and other processes are not disturbed, and a process may fork at any time. The caller
 * never waits for a thread that has not started: it takes that thread's chunks itself. */

#ifndef QLSTM_TEAM_H
#define QLSTM_TEAM_H

#include <pthread.h>
#include <stdatomic.h>

typedef struct Team {
    void (*work)(struct Team *); /* takes chunks until there are none */
    const void *context;
    int chunks;
    atomic_int next, failed;
} Team;

enum { MOST_THREADS = 64 };

static inline int take_chunk(Team *team) {
    const int chunk = atomic_fetch_add(&team->next, 1);
    return chunk < team->chunks ? chunk : -1;
}

static void *run_member(void *team) {
    ((Team *)team)->work(team);
    return 0;
}

static int run_team(Team *team, int threads) {
    pthread_t members[MOST_THREADS];
    int made = 0;
    if (threads > team->chunks) threads = team->chunks;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    while (made < threads - 1 && pthread_create(members + made, 0, run_member, team) == 0) made++;
    team->work(team);
    while (made > 0) pthread_join(members[--made], 0);
    return atomic_load(&team->failed);
}

#endif

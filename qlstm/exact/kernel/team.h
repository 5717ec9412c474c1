/* Chunks of one call, taken one by one by the calling thread and, where the work is worth it, by pooled threads. */

#ifndef QLSTM_TEAM_H
#define QLSTM_TEAM_H

#include <stdatomic.h>

typedef struct Team {
    void (*work)(struct Team *); /* takes chunks until there are none */
    const void *context;
    int chunks;
    int threads; /* most that may work on it, the caller included */
    atomic_int next, failed;
} Team;

static inline int take_chunk(Team *team) {
    const int chunk = atomic_fetch_add(&team->next, 1);
    return chunk < team->chunks ? chunk : -1;
}

/* Does all chunks; 0, or 1 if a member ran out of memory. Defined in pool.c. */
int qlstm_run_team(Team *team);

#endif

/* Entry points of one precision and instruction set: 0 done, 1 out of memory. */

/* Roughly the vector operations of a forward pass; a backward pass takes about three times as many. */
static double forward_work(const Model *m, const Tables *t, int blocks) {
    double one = 0;
    for (int p = 0; p < m->parts; p++) one += (double)t->shape[p].len * (t->shape[p].q + 2);
    return one * m->steps * m->gates * m->uploads * m->depth * blocks;
}

/* Below this (about 0.15 ms) a thread costs more than it saves. */
static const double WORTH_A_THREAD = 1.5e5;

typedef struct {
    const Model *model;
    const Arrays *arrays;
    const Tables *tables;
    int blocks;
    Sums *sums;
} Call;

static void forward_work_on(Team *team) {
    const Call *c = team->context;
    Work w;
    if (make_work(c->model, c->tables, &w)) {
        atomic_store(&team->failed, 1);
        return;
    }
    for (int block; (block = take_chunk(team)) >= 0;) forward_block(c->model, c->arrays, c->tables, block, &w);
    free(w.memory);
}

int NAME(forward)(const Model *m, const Arrays *a, int threads) {
    Tables t;
    if (make_tables(m, a->weights, &t)) return 1;
    const int blocks = (m->batch + LANES - 1) / LANES;
    const Call call = {m, a, &t, blocks, 0};
    Team team = {.work = forward_work_on, .context = &call, .chunks = blocks};
    team.threads = forward_work(m, &t, blocks) > WORTH_A_THREAD ? threads : 1;
    const int failed = qlstm_run_team(&team);
    free_tables(&t);
    return failed;
}

enum { CHUNKS = 32 };

static void backward_work_on(Team *team) {
    const Call *c = team->context;
    Work w;
    if (make_work(c->model, c->tables, &w)) {
        atomic_store(&team->failed, 1);
        return;
    }
    for (int chunk; (chunk = take_chunk(team)) >= 0;) {
        if (make_sums(c->model, c->tables, c->sums + chunk)) {
            atomic_store(&team->failed, 1);
            break;
        }
        const int end = (int)((long)c->blocks * (chunk + 1) / team->chunks);
        for (int block = (int)((long)c->blocks * chunk / team->chunks); block < end; block++)
            backward_block(c->model, c->arrays, c->tables, block, &w, c->sums + chunk);
    }
    free(w.memory);
}

int NAME(backward)(const Model *m, const Arrays *a, int threads) {
    Tables t;
    if (make_tables(m, a->weights, &t)) return 1;
    const int blocks = (m->batch + LANES - 1) / LANES;
    Sums sums[CHUNKS];
    memset(sums, 0, sizeof sums);
    const Call call = {m, a, &t, blocks, sums};
    Team team = {.work = backward_work_on, .context = &call, .chunks = blocks < CHUNKS ? blocks : CHUNKS};
    team.threads = 3 * forward_work(m, &t, blocks) > WORTH_A_THREAD ? threads : 1;
    const int failed = qlstm_run_team(&team);
    for (int chunk = 0; chunk < team.chunks; chunk++) {
        if (!failed) reduce(m, a, &t, sums + chunk, t.memory);
        free_sums(sums + chunk);
    }
    free_tables(&t);
    return failed;
}

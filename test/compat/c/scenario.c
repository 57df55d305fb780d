/*
 * The C client (libzookeeper_mt) against the servers at argv[1]: what its users rely on, before
 * and after the process argv[2] (a leader) is killed; without argv[2] nobody is killed. Prints one
 * line of JSON for each check. Built with -DTHREADED: its synchronous calls need its threads.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

#define LIMIT_S 20
#define PIPELINE 500
#define EVENTS_MAX 64

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char events[EVENTS_MAX][128];
static int event_count;
static char error[512];

/* A check's function returns at the first thing that does not hold, having said what. */
#define CHECK(condition, ...)                              \
    do {                                                   \
        if (!(condition)) {                                \
            snprintf(error, sizeof error, __VA_ARGS__);    \
            return;                                        \
        }                                                  \
    } while (0)

static struct timespec deadline(void) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += LIMIT_S;
    return at;
}

static void watch(zhandle_t *zh, int type, int state, const char *path, void *context) {
    (void)zh, (void)state, (void)context;
    pthread_mutex_lock(&mutex);
    if (type != ZOO_SESSION_EVENT && event_count < EVENTS_MAX)
        snprintf(events[event_count++], sizeof events[0], "%d %s", type, path);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/* Whether `event` comes within the limit. */
static int sees(const char *event) {
    struct timespec at = deadline();
    int found = 0, late = 0;
    pthread_mutex_lock(&mutex);
    while (!found && !late) {
        for (int i = 0; i < event_count; i++) found |= strcmp(events[i], event) == 0;
        if (!found) late = pthread_cond_timedwait(&changed, &mutex, &at) != 0;
    }
    pthread_mutex_unlock(&mutex);
    return found;
}

static int until_state(zhandle_t *zh, int state) {
    struct timespec at = deadline(), now;
    do {
        if (zoo_state(zh) == state) return 1;
        usleep(10000);
        clock_gettime(CLOCK_REALTIME, &now);
    } while (now.tv_sec < at.tv_sec);
    return 0;
}

static zhandle_t *connect_to(const char *servers) {
    zhandle_t *zh = zookeeper_init(servers, watch, 10000, NULL, NULL, 0);
    if (zh == NULL || !until_state(zh, ZOO_CONNECTED_STATE)) {
        fprintf(stderr, "cannot connect to %s\n", servers);
        exit(1);
    }
    return zh;
}

/* Calls that a lost connection cut off are made again; so each must bear being made twice. */
#define AGAIN(result, call)                                             \
    do {                                                                \
        struct timespec until_ = deadline(), now_;                      \
        do {                                                            \
            result = (call);                                            \
            if (result != ZCONNECTIONLOSS && result != ZOPERATIONTIMEOUT) break; \
            usleep(20000);                                              \
            clock_gettime(CLOCK_REALTIME, &now_);                       \
        } while (now_.tv_sec < until_.tv_sec);                          \
    } while (0)

static void nodes(zhandle_t *zh) {
    char made[128], data[64];
    int length = sizeof data;
    struct Stat stat;
    struct String_vector names;
    int rc = zoo_create(zh, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
    CHECK(rc == ZOK && strcmp(made, "/c") == 0, "create: %d %s", rc, made);
    CHECK(zoo_create(zh, "/c", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZNODEEXISTS, "exists");
    rc = zoo_create2(zh, "/c/n-", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, made, sizeof made,
                     &stat);
    CHECK(rc == ZOK && strcmp(made, "/c/n-0000000000") == 0, "create2: %d %s", rc, made);
    CHECK(stat.dataLength == 0 && stat.version == 0, "stat of create2");
    rc = zoo_get(zh, made, 0, data, &length, &stat);
    CHECK(rc == ZOK && length == -1, "null data: %d, %d bytes", rc, length);
    length = sizeof data;
    rc = zoo_get(zh, "/c", 0, data, &length, &stat);
    CHECK(rc == ZOK && length == 3 && memcmp(data, "one", 3) == 0, "get: %d", rc);
    CHECK(zoo_set2(zh, "/c", "two", 3, 0, &stat) == ZOK && stat.version == 1, "set");
    CHECK(zoo_set(zh, "/c", "three", 5, 0) == ZBADVERSION, "set with an old version");
    CHECK(zoo_get_children2(zh, "/c", 0, &names, &stat) == ZOK, "children");
    CHECK(names.count == 1 && stat.numChildren == 1, "%d children", names.count);
    deallocate_String_vector(&names);
    CHECK(zoo_delete(zh, "/c", -1) == ZNOTEMPTY, "delete of a parent");
    CHECK(zoo_exists(zh, "/c/none", 0, &stat) == ZNONODE, "exists of none");
    CHECK(zoo_create(zh, "c", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZBADARGUMENTS, "path");
    rc = zoo_create2_ttl(zh, "/c/ttl", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_PERSISTENT_WITH_TTL, 3600000,
                         made, sizeof made, &stat);
    CHECK(rc == ZOK, "create2_ttl: %d", rc);
    rc = zoo_create(zh, "/c/box", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_CONTAINER, NULL, 0);
    CHECK(rc == ZOK, "create of a container: %d", rc);
}

static void transactions(zhandle_t *zh) {
    char made[128];
    struct Stat stat;
    zoo_op_t ops[3];
    zoo_op_result_t results[3];
    zoo_create_op_init(&ops[0], "/c-multi", "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, made, sizeof made);
    zoo_set_op_init(&ops[1], "/c-multi", "y", 1, 0, &stat);
    zoo_check_op_init(&ops[2], "/c-multi", 1);
    int rc = zoo_multi(zh, 3, ops, results);
    CHECK(rc == ZOK && strcmp(made, "/c-multi") == 0 && stat.version == 1, "multi: %d", rc);
    zoo_delete_op_init(&ops[0], "/c-multi", -1);
    zoo_check_op_init(&ops[1], "/c-multi-none", -1);
    zoo_delete_op_init(&ops[2], "/c-multi-none", -1);
    rc = zoo_multi(zh, 3, ops, results);
    CHECK(rc == ZNONODE, "failing multi: %d", rc);
    CHECK(results[0].err == ZOK && results[1].err == ZNONODE &&
              results[2].err == ZRUNTIMEINCONSISTENCY,
          "results %d %d %d", results[0].err, results[1].err, results[2].err);
    CHECK(zoo_exists(zh, "/c-multi", 0, &stat) == ZOK, "half a multi was done");
}

static int answers[PIPELINE], answer_count;

static void note_stat(int rc, const struct Stat *stat, const void *context) {
    (void)context;
    pthread_mutex_lock(&mutex);
    answers[answer_count++] = rc == ZOK ? stat->version : rc;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void pipeline(zhandle_t *zh) {
    struct timespec at = deadline();
    int late = 0;
    CHECK(zoo_create(zh, "/c-pipe", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZOK, "create");
    for (int i = 0; i < PIPELINE; i++)
        CHECK(zoo_aset(zh, "/c-pipe", "x", 1, i, note_stat, NULL) == ZOK, "aset %d", i);
    pthread_mutex_lock(&mutex);
    while (answer_count < PIPELINE && !late)
        late = pthread_cond_timedwait(&changed, &mutex, &at) != 0;
    pthread_mutex_unlock(&mutex);
    CHECK(!late, "%d answers of %d", answer_count, PIPELINE);
    for (int i = 0; i < PIPELINE; i++)
        CHECK(answers[i] == i + 1, "answer %d is %d", i, answers[i]);
}

static int auth_result;

static void note_auth(int rc, const void *context) {
    (void)context;
    pthread_mutex_lock(&mutex);
    auth_result = rc;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

static void access_control(zhandle_t *zh, zhandle_t *other) {
    struct timespec at = deadline();
    char data[8];
    int length = sizeof data, late = 0;
    auth_result = 1;
    zoo_add_auth(zh, "digest", "me:secret", 9, note_auth, NULL);
    pthread_mutex_lock(&mutex);
    while (auth_result == 1 && !late) late = pthread_cond_timedwait(&changed, &mutex, &at) != 0;
    pthread_mutex_unlock(&mutex);
    CHECK(auth_result == ZOK, "add_auth: %d", auth_result);
    CHECK(zoo_create(zh, "/c-mine", "x", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0) == ZOK, "create");
    CHECK(zoo_get(zh, "/c-mine", 0, data, &length, NULL) == ZOK, "get by the owner");
    CHECK(zoo_set(other, "/c-mine", "y", 1, -1) == ZNOAUTH, "set by a stranger");
    struct ACL_vector acl;
    CHECK(zoo_get_acl(zh, "/c-mine", &acl, NULL) == ZOK, "get_acl");
    CHECK(acl.count == 1 && strcmp(acl.data[0].id.scheme, "digest") == 0, "acl");
    deallocate_ACL_vector(&acl);
    CHECK(zoo_set_acl(zh, "/c-mine", 0, &ZOO_READ_ACL_UNSAFE) == ZOK, "set_acl");
    CHECK(zoo_set(zh, "/c-mine", "y", 1, -1) == ZNOAUTH, "set of what may be read only");
}

static int64_t session;

static void before_loss(zhandle_t *zh, zhandle_t *other) {
    struct Stat stat;
    session = zoo_client_id(zh)->client_id;
    CHECK(zoo_create(zh, "/c-e", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0) == ZOK, "e");
    CHECK(zoo_create(other, "/c-w", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0) == ZOK, "w");
    CHECK(zoo_wexists(other, "/c-e", watch, NULL, &stat) == ZOK, "watch for the end");
    CHECK(zoo_wexists(zh, "/c-late", watch, NULL, &stat) == ZNONODE, "watch for a beginning");
    CHECK(zoo_wget(zh, "/c-w", watch, NULL, NULL, &(int){0}, NULL) == ZOK, "watch for a change");
}

static void after_loss(zhandle_t *zh, zhandle_t *other) {
    struct Stat stat;
    char data[8];
    int rc, length = sizeof data;
    AGAIN(rc, zoo_exists(zh, "/c-e", 0, &stat));
    CHECK(rc == ZOK && stat.ephemeralOwner == session, "ephemeral node: %d", rc);
    CHECK(zoo_client_id(zh)->client_id == session, "another session");
    AGAIN(rc, zoo_get(zh, "/c", 0, data, &length, &stat));
    CHECK(rc == ZOK && length == 3 && memcmp(data, "two", 3) == 0, "an acknowledged write: %d", rc);
    AGAIN(rc, zoo_set(other, "/c-w", "x", 1, -1));
    CHECK(rc == ZOK, "set: %d", rc);
    CHECK(sees("3 /c-w"), "no event of a change");
    AGAIN(rc, zoo_create(other, "/c-late", "", 0, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0));
    CHECK(rc == ZOK || rc == ZNODEEXISTS, "create: %d", rc);
    CHECK(sees("1 /c-late"), "no event of a beginning");
}

static void report(const char *name) {
    for (char *at = error; *at != 0; at++)
        if (*at == '"' || *at == '\\' || *at < ' ') *at = ' ';
    if (error[0] == 0) printf("{\"check\":\"%s\",\"error\":null}\n", name);
    else printf("{\"check\":\"%s\",\"error\":\"%s\"}\n", name, error);
    error[0] = 0;
}

int main(int argc, char **argv) {
    /* Below the first level: lost connections are expected here. */
    zoo_set_debug_level((ZooLogLevel)0);
    if (argc < 2) return 2;
    zhandle_t *zh = connect_to(argv[1]), *other = connect_to(argv[1]);
    nodes(zh), report("nodes");
    transactions(zh), report("transactions");
    pipeline(zh), report("pipeline");
    access_control(zh, other), report("access control");
    before_loss(zh, other);
    if (argc > 2) kill((pid_t)atoi(argv[2]), SIGKILL);
    if (error[0] == 0) after_loss(zh, other);
    report("sessions and watches");
    zookeeper_close(zh);
    if (!sees("2 /c-e")) snprintf(error, sizeof error, "no event of the end of a session");
    report("close");
    zookeeper_close(other);
    return 0;
}

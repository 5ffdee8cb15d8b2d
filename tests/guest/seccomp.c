/* What a program behind the seccomp backend finds: seccomp WHAT [ARG] */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *device(int fd) {
    static __thread char name[32];
    socklen_t len = sizeof name - 1;
    memset(name, 0, sizeof name);
    if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len)) return strerror(errno);
    return *name ? name : "-";
}

/* Every kind of socket: what comes, with which flags, whose it is. */
static void table(void) {
    static const int domains[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET};
    static const int kinds[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, 15, SOCK_STREAM | 1 << 20};
    static const int flags[] = {0, SOCK_NONBLOCK, SOCK_CLOEXEC, SOCK_NONBLOCK | SOCK_CLOEXEC};
    static const int protocols[] = {0, 1, 6, 17, 58, 136, 255, 256, 262, -1};
#define EACH(i, a) for (unsigned i = 0; i < sizeof a / sizeof *a; i++)
    EACH(d, domains) EACH(k, kinds) EACH(f, flags) EACH(p, protocols) {
        int fd = socket(domains[d], kinds[k] | flags[f], protocols[p]);
        printf("%d %d %x %d: ", domains[d], kinds[k], flags[f], protocols[p]);
        if (fd < 0) {
            printf("%s\n", strerror(errno));
            continue;
        }
        struct stat st;
        fstat(fd, &st);
        int type = 0, protocol = 0;
        socklen_t len = sizeof type;
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
        getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
        printf("fd %d, status %x, flags %x, user %d, type %d, protocol %d\n", fd, fcntl(fd, F_GETFL),
               fcntl(fd, F_GETFD), (int)st.st_uid, type, protocol);
        close(fd);
    }
}

static int wrong;
static const char *wanted;
static void check(int fd) {
    if (fd < 0 || strcmp(device(fd), wanted)) {
        int count = __sync_add_and_fetch(&wrong, 1);
        if (count < 4) fprintf(stderr, "%s\n", fd < 0 ? strerror(errno) : device(fd));
    }
}
static void *open_many(void *arg) {
    for (int n = 0; n < (int)(long)arg; n++) {
        int fd = socket(n & 1 ? AF_INET : AF_INET6, n & 2 ? SOCK_STREAM : SOCK_DGRAM, 0);
        check(fd);
        close(fd);
    }
    return 0;
}
static void nothing(int s) { (void)s; }

static void one(int domain, int kind, int protocol) {
    int fd = socket(domain, kind, protocol);
    struct stat st = {0};
    if (fd >= 0) fstat(fd, &st);
    printf("%s, user %d\n", fd < 0 ? strerror(errno) : device(fd), (int)st.st_uid);
}
static void become_nobody(void) {
    if (setgroups(0, 0) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) exit(1);
}

#ifdef __x86_64__
static long int80(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}
#endif

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    wanted = argc > 2 ? argv[2] : "mgmt";
    setvbuf(stdout, 0, _IOLBF, 0);
    if (!strcmp(what, "table")) {
        table();
    } else if (!strcmp(what, "threads")) {
        pthread_t threads[16];
        for (int n = 0; n < 16; n++) pthread_create(&threads[n], 0, open_many, (void *)100L);
        for (int n = 0; n < 16; n++) pthread_join(threads[n], 0);
        printf("%d wrong\n", wrong);
    } else if (!strcmp(what, "many")) {
        for (int n = 0; n < 300; n++) check(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        printf("%d wrong\n", wrong);
    } else if (!strcmp(what, "forks")) {
        for (int n = 0; n < 20; n++)
            if (!fork()) {
                open_many((void *)20L);
                _exit(wrong != 0);
            }
        int status;
        while (wait(&status) > 0) wrong += status != 0;
        printf("%d wrong\n", wrong);
    } else if (!strcmp(what, "signals")) {
        /* A handler after which calls begin again: none of them may fail. */
        struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
        sigaction(SIGALRM, &action, 0);
        struct itimerval often = {{0, 5000}, {0, 5000}};
        setitimer(ITIMER_REAL, &often, 0);
        open_many((void *)2000L);
        printf("%d wrong\n", wrong);
    } else if (!strcmp(what, "limit")) {
        struct rlimit limit = {3, 3};
        setrlimit(RLIMIT_NOFILE, &limit);
        one(AF_INET, SOCK_STREAM, 0);
    } else if (!strcmp(what, "user")) {
        become_nobody();
        one(AF_INET, SOCK_STREAM, 0);
        one(AF_INET6, SOCK_RAW, 58);
        one(AF_PACKET, SOCK_RAW, 0);
    } else if (!strcmp(what, "users")) {
        become_nobody();
        if (unshare(CLONE_NEWUSER)) perror("unshare");
        one(AF_INET, SOCK_RAW, 1);
        one(AF_INET, SOCK_STREAM, 0);
    } else if (!strcmp(what, "raw")) {
        one(AF_INET, SOCK_STREAM, 0);
        one(AF_INET, SOCK_RAW, 1);
    } else if (!strcmp(what, "network")) {
        if (unshare(CLONE_NEWNET)) perror("unshare");
        one(AF_INET, SOCK_STREAM, 0);
    } else if (!strcmp(what, "wait")) {
        puts("ready");
        getchar();
        one(AF_INET, SOCK_STREAM, 0);
        one(AF_UNIX, SOCK_STREAM, 0);
    } else if (!strcmp(what, "families")) {
        int families[] = {AF_INET, AF_INET6, AF_UNIX, 21 /* AF_RDS */};
        for (int n = 0; n < 4; n++) {
            int fd = socket(families[n], n == 3 ? SOCK_SEQPACKET : SOCK_DGRAM, 0);
            puts(fd < 0 ? strerror(errno) : n < 2 ? device(fd) : "made");
        }
#ifdef __x86_64__
    } else if (!strcmp(what, "x32")) {
        long fd = syscall(0x40000000 | SYS_socket, AF_INET, SOCK_STREAM, 0);
        puts(fd < 0 ? strerror(errno) : device(fd));
    } else if (!strcmp(what, "i386")) {
        int *args = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        args[0] = AF_INET, args[1] = SOCK_STREAM, args[2] = 0;
        long fd = int80(102, 1, (long)args, 0);
        puts(fd < 0 ? strerror(-fd) : device(fd));
        fd = int80(359, AF_INET6, SOCK_DGRAM, 0);
        puts(fd < 0 ? strerror(-fd) : device(fd));
        args[0] = AF_UNIX;
        fd = int80(102, 1, (long)args, 0);
        puts(fd < 0 ? strerror(-fd) : "made");
        args[0] = 21; /* AF_RDS */
        fd = int80(102, 1, (long)args, 0);
        puts(fd < 0 ? strerror(-fd) : "made");
        puts(int80(102, 1, 16, 0) == -EFAULT ? "EFAULT" : "?");
#endif
    }
    return 0;
}

/*
 * What things cost: "INSTRUCTIONS NANOSECONDS". The machine's clock takes 4 ns for an instruction; nanoseconds count those in
 * which it had nothing to do, too.
 *
 *   costs launch COUNT COMMAND...     fork, exec, wait; between them the machine rests, as before a launch of its own
 *   costs once COMMAND...             the same, once; also the peak of memory in KiB
 *   costs calls COMMAND...            what a chain loader needs until it executes the last command: "CALLS FAULTS KIB OWN",
 *                                     system calls, page faults, memory and what of it is no file's
 *   costs total COMMAND...            the system calls of all processes until all have ended
 *   costs resident PID                "KIB OWN" of a process that runs
 *   costs loader FILE                 makes FILE a chain loader that does nothing but execute what it is told
 *   costs fenced COMMAND...           executes it behind a seccomp filter that looks at an argument of every call
 *   costs socket COUNT                an IPv4 datagram socket made and closed
 *   costs udp COUNT ADDRESS           a datagram to port 7 and its answer
 *   costs send COUNT ADDRESS          a datagram to port 9, by a socket that is not connected
 *   costs tcp COUNT ADDRESS           a connection to port 7, one byte there and back, closed
 *   costs bulk COUNT ADDRESS          16 KiB of a stream to port 9
 *   costs serve                       answers on port 7, swallows on port 9, by UDP and TCP; says "ready"
 *   costs appliance                   the same, and says to the console how long the kernel has run
 *   costs seed                        has the kernel's random numbers ready: until then each takes it some 5,000 instructions, and
 *                                     every exec needs some; a machine of this kind has collected enough after minutes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/random.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { INSTRUCTION = 4 }; /* nanoseconds */

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* The sum of the numbers behind a word, wherever it stands in a file. */
static long long sum(const char *path, const char *word) {
    static char line[4096];
    long long all = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        char *found = strstr(line, word);
        if (found)
            all += atoll(found + strcspn(found, "0123456789"));
    }
    if (file)
        fclose(file);
    return all;
}

/* How long the machine has had nothing to do: the kernel has it in nanoseconds there. */
static long long idle(void) {
    return sum("/proc/timer_list", ".idle_sleeptime") + sum("/proc/timer_list", ".iowait_sleeptime");
}

struct cost {
    long long busy, total;
};

static void add(struct cost *cost, void (*deed)(void *), void *with) {
    long long rested = idle(), start = now();
    deed(with);
    long long time = now() - start;
    cost->total += time;
    cost->busy += time - (idle() - rested);
}

static struct sockaddr_in at(const char *address, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        die("address");
    return to;
}

/* Of one size: what the kernel makes of them by itself differs from round to round. */
static void buffers(int fd) {
    int size = 128 * 1024;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static int connected(int type, const char *address, int port) {
    struct sockaddr_in to = at(address, port);
    int fd = socket(AF_INET, type, 0);
    struct timeval patience = {5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    buffers(fd);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    return fd;
}

static void launch(void *with) {
    char **command = with;
    pid_t child = fork();
    if (child == 0) {
        execvp(*command, command);
        _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) < 0 || status != 0) {
        fprintf(stderr, "costs: %s ended with %d\n", *command, status);
        exit(1);
    }
}

static int listener(int type, int port) {
    struct sockaddr_in here = at("0.0.0.0", port);
    int fd = socket(AF_INET, type, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    buffers(fd);
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
        die("bind");
    return fd;
}

static void serve(const char *ready) {
    static char buf[65536];
    struct pollfd all[8] = {{listener(SOCK_DGRAM, 7), POLLIN, 0}, {listener(SOCK_STREAM, 7), POLLIN, 0}, {listener(SOCK_STREAM, 9), POLLIN, 0}};
    int count = 3;
    puts(ready);
    fflush(stdout);
    while (poll(all, (nfds_t)count, -1) > 0) {
        if (all[0].revents) {
            struct sockaddr_in from;
            socklen_t len = sizeof from;
            ssize_t got = recvfrom(all[0].fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len);
            sendto(all[0].fd, buf, (size_t)got, 0, (struct sockaddr *)&from, len);
        }
        for (int i = 3; i < count; i++) {
            if (!all[i].revents)
                continue;
            ssize_t got = read(all[i].fd, buf, sizeof buf);
            if (got == 1)
                (void)!write(all[i].fd, buf, 1);
            if (got <= 0) {
                close(all[i].fd);
                all[i--] = all[--count];
            }
        }
        for (int i = 1; i < 3 && count < 8; i++)
            if (all[i].revents)
                all[count++] = (struct pollfd){accept(all[i].fd, NULL, NULL), POLLIN, 0};
    }
}

static void appliance(void) {
    char text[80];
    int console = dup(1);
    snprintf(text, sizeof text, "# listens after %lld ns", now());
    dup2(console, 1);
    serve(text);
}

static long long memory(pid_t pid, const char *what) {
    char path[40];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    return sum(path, what);
}

static long faults(pid_t pid) {
    char path[40], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = 0;
    char *field = strrchr(text, ')');
    for (int n = 0; field && n < 8; n++)
        field = strchr(field + 1, ' ');
    return field ? atol(field) : 0;
}

/* Runs a command with all its children and counts their system calls. */
static void trace(char **command, int all) {
    pid_t first = fork();
    if (first == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execvp(*command, command);
        _exit(127);
    }
    int status;
    waitpid(first, &status, 0);
    ptrace(PTRACE_SETOPTIONS, first, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_SYSCALL, first, 0, 0);
    long calls = -1, until = 0, before = 0, faulted = 0;
    long long kib = 0, own = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == first && status != 0) {
                fprintf(stderr, "costs: %s ended with %d\n", *command, status);
                exit(1);
            }
            continue;
        }
        int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) {
            struct __ptrace_syscall_info info;
            ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
            if (info.op == PTRACE_SYSCALL_INFO_ENTRY && calls >= 0) {
                if (pid == first && info.entry.nr == SYS_execve) {
                    until = calls;
                    faulted = faults(pid) - before;
                    kib = memory(pid, "Rss:");
                    own = memory(pid, "Anonymous:");
                }
                calls++;
            }
            signal = 0;
        } else if (signal == SIGTRAP && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
            if (calls < 0) {
                calls = 0;
                before = faults(pid);
            }
            signal = 0;
        } else if (signal == SIGTRAP || signal == SIGSTOP) {
            signal = 0; /* of a new child */
        }
        ptrace(PTRACE_SYSCALL, pid, 0, signal);
    }
    if (all)
        printf("%ld\n", calls);
    else
        printf("%ld %ld %lld %lld\n", until, faulted, kib, own);
}

static void fence(char **command) {
    enum { NUMBERS = 40 };
    struct sock_filter filter[NUMBERS + 8];
    unsigned short n = 0;
    /* What an argument decides cannot be remembered by the number alone. */
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x7fffffff, 0, 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (unsigned i = 0; i < NUMBERS; i++)
        filter[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 400 + i, NUMBERS - i, 0);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
    struct sock_fprog program = {n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        die("seccomp");
    execvp(*command, command);
    die(*command);
}

static long count;
static const char *what, *address;

static void operations(void *with) {
    (void)with;
    static char block[16384];
    char byte = 'x';
    int fd = -1;
    if (strcmp(what, "udp") == 0)
        fd = connected(SOCK_DGRAM, address, 7);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
    if (strcmp(what, "send") == 0 && ((fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1))
        die("send");
    if (strcmp(what, "bulk") == 0)
        fd = connected(SOCK_STREAM, address, 9);
    for (long i = 0; i < count; i++) {
        if (strcmp(what, "socket") == 0) {
            close(socket(AF_INET, SOCK_DGRAM, 0));
        } else if (strcmp(what, "udp") == 0) {
            if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
                die("udp");
        } else if (strcmp(what, "send") == 0) {
            if (sendto(fd, &byte, 1, 0, (struct sockaddr *)&to, sizeof to) != 1)
                die("send");
        } else if (strcmp(what, "tcp") == 0) {
            int one = connected(SOCK_STREAM, address, 7);
            if (write(one, &byte, 1) != 1 || read(one, &byte, 1) != 1)
                die("tcp");
            close(one);
        } else if (write(fd, block, sizeof block) != sizeof block) {
            die("bulk");
        }
    }
}

/* The same bytes in each run. */
static void seed(void) {
    struct {
        struct rand_pool_info info;
        unsigned bytes[16];
    } pool = {.info = {.entropy_count = 512, .buf_size = sizeof pool.bytes}};
    int random = open("/dev/urandom", O_WRONLY);
    if (random < 0 || ioctl(random, RNDADDENTROPY, &pool))
        die("the kernel's random numbers");
}

/* No program that executes another can be less: one page, one system call. For x86_64. */
static void loader(const char *path) {
    static const unsigned char code[] = {
        0x48, 0x8d, 0x74, 0x24, 0x10,       /* lea  rsi, [rsp + 16]          argv + 1, behind argc and argv[0] */
        0x48, 0x8b, 0x3e,                   /* mov  rdi, [rsi]               argv[1] */
        0x48, 0x8b, 0x04, 0x24,             /* mov  rax, [rsp]               argc */
        0x48, 0x8d, 0x54, 0xc4, 0x10,       /* lea  rdx, [rsp + 8 * rax + 16]  envp */
        0x6a, SYS_execve, 0x58, 0x0f, 0x05, /* push, pop rax; syscall */
        0x89, 0xc7, 0x6a, SYS_exit, 0x58, 0x0f, 0x05,
    };
    enum { START = 0x400000 };
    struct {
        Elf64_Ehdr file;
        Elf64_Phdr segments[2];
        unsigned char code[sizeof code];
    } all = {
        .file = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                 .e_type = ET_EXEC,
                 .e_machine = EM_X86_64,
                 .e_version = EV_CURRENT,
                 .e_entry = START + offsetof(__typeof__(all), code),
                 .e_phoff = offsetof(__typeof__(all), segments),
                 .e_ehsize = sizeof all.file,
                 .e_phentsize = sizeof *all.segments,
                 .e_phnum = 2},
        .segments = {{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = START, .p_filesz = sizeof all, .p_memsz = sizeof all, .p_align = 4096},
                     {.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W}},
    };
    memcpy(all.code, code, sizeof code);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    if (file < 0 || write(file, &all, sizeof all) != sizeof all)
        die(path);
    close(file);
}

int main(int argc, char **argv) {
    what = argc > 1 ? argv[1] : "";
    count = argc > 2 ? atol(argv[2]) : 0;
    address = argc > 3 ? argv[3] : "";
    struct cost cost = {0, 0};
    if (strcmp(what, "serve") == 0)
        serve("ready");
    else if (strcmp(what, "seed") == 0)
        seed();
    else if (strcmp(what, "appliance") == 0)
        appliance();
    else if (argc < 3)
        return 2;
    else if (strcmp(what, "once") == 0) {
        struct rusage usage;
        add(&cost, launch, argv + 2);
        getrusage(RUSAGE_CHILDREN, &usage);
        printf("%lld %lld %ld\n", cost.busy / INSTRUCTION, cost.total, usage.ru_maxrss);
    } else if (strcmp(what, "calls") == 0 || strcmp(what, "total") == 0)
        trace(argv + 2, *what == 't');
    else if (strcmp(what, "resident") == 0)
        printf("%lld %lld\n", memory((pid_t)count, "Rss:"), memory((pid_t)count, "Anonymous:"));
    else if (strcmp(what, "fenced") == 0)
        fence(argv + 2);
    else if (strcmp(what, "loader") == 0)
        loader(argv[2]);
    else if (count <= 0)
        return 2;
    else if (strcmp(what, "launch") == 0) {
        launch(argv + 3); /* what is made once is made */
        for (long i = 0; i < count; i++) {
            usleep(50000); /* until the kernel has no grace period under way */
            add(&cost, launch, argv + 3);
        }
        printf("%lld %lld\n", cost.busy / INSTRUCTION / count, cost.total / count);
    } else {
        long all = count;
        count = all / 10 + 1;
        operations(NULL);
        count = all;
        add(&cost, operations, NULL);
        printf("%lld %lld\n", cost.busy / INSTRUCTION / count, cost.total / count);
    }
    return 0;
}

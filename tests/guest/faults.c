/* What the scenarios of faults need, in one program.
 *
 *   faults list COMMAND...                  what it calls: a line "PROCESS NUMBER CALL KINDS" for each system call
 *   faults KIND PROCESS NUMBER COMMAND...   runs it, with a fault at the NUMBERth system call of the PROCESSth process: the
 *                                           process is killed there (KIND kill), is given one byte at most at the next call that
 *                                           may be (short), or an error (KIND is its name). The exit code is COMMAND's, 128+n by
 *                                           a signal, 124 after ten seconds, 125 where there was no such call. With NEW=FOLDER in
 *                                           the environment it is the first process of new namespaces with that root, and
 *                                           SIGTERM is sent after four seconds.
 *   faults echo PORT                        answers UDP datagrams, and says which of them escaped from a service
 *   faults ping ADDRESS PORT                sends one every few milliseconds until SIGTERM, but for the time from SIGUSR1 to
 *                                           SIGUSR2; says how many and how many of them were not answered, and when, in seconds since the
 *                                           start of the machine
 *   faults escape ADDRESS PORT              sends what `echo` says has escaped, every few milliseconds until SIGTERM, but for the same time
 *   faults launches NUMBER LAUNCHER VRF     so many launches one after the other, by each backend and at each level in turn, of
 *                                           "faults nothing", which ends with 0; says how many were as they should be, and ends at one that is not
 *   faults brief [FILE]                     the kernel's links, addresses, routes, rules and filters of what comes in, a line for each,
 *                                           without what differs from run to run, in the order of the bytes; the exit code is 1 where that is not what FILE
 *                                           holds
 *   faults service VRF LEVEL                says "kept" where a service is kept in VRF as LEVEL promises, else why not; LEVEL
 *                                           seccomp is what that backend promises
 *
 * Processes are counted in the order in which they are made. Those that execute something else are let go: only the
 * launcher's own calls count. No errors get exit and its kin, which do not come back, getpid, which has none, and reboot, which
 * ends the machine or is refused to a container (init-container.sh). Which call is the NUMBERth may differ from run to run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct { const char *name; int number; } ERRORS[] = {
    {"ENOMEM", ENOMEM}, {"EINTR", EINTR}, {"EPERM", EPERM}, {"EAGAIN", EAGAIN}, {"ENOBUFS", ENOBUFS},
};
#define COUNT(array) (sizeof array / sizeof *array)

/* ---- processes that are traced */

static struct tracee { pid_t pid; int number; long calls; int within, hit, fresh; } tracees[64];
static int known, made;

static struct tracee *tracee(pid_t pid) {
    for (int i = 0; i < known; i++)
        if (tracees[i].pid == pid)
            return &tracees[i];
    if (known == COUNT(tracees))
        exit(99);
    tracees[known] = (struct tracee){.pid = pid, .number = made++, .fresh = 1};
    return &tracees[known++];
}

static void forget(pid_t pid) {
    struct tracee *of = tracee(pid);
    *of = tracees[--known];
}

static struct __ptrace_syscall_info info_of(pid_t pid) {
    struct __ptrace_syscall_info info = {0};
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    return info;
}

#if defined(__x86_64__)
static void skip(pid_t pid) { ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L); }
static void answer(pid_t pid, long value) { ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value); }
static void third(pid_t pid, long value) { ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rdx), value); }
#elif defined(__aarch64__)
static void put(pid_t pid, int which, long value) {
    struct user_regs_struct regs;
    struct iovec all = {&regs, sizeof regs};
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all);
    regs.regs[which] = value;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
}
static void skip(pid_t pid) {
    int none = -1;
    struct iovec all = {&none, sizeof none};
    ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &all);
}
static void answer(pid_t pid, long value) { put(pid, 0, value); }
static void third(pid_t pid, long value) { put(pid, 2, value); }
#elif defined(__arm__)
static void skip(pid_t pid) { ptrace(23 /* PTRACE_SET_SYSCALL */, pid, 0, -1); }
static void answer(pid_t pid, long value) { ptrace(PTRACE_POKEUSER, pid, 0 * 4, value); }
static void third(pid_t pid, long value) { ptrace(PTRACE_POKEUSER, pid, 2 * 4, value); }
#elif defined(__riscv) && __riscv_xlen == 64
/* The place of pc has index 0, that of x1 1. */
static void put(pid_t pid, int which, long value) {
    long regs[32];
    struct iovec all = {regs, sizeof regs};
    ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all);
    regs[which] = value;
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all);
}
static void skip(pid_t pid) { put(pid, 17 /* a7 */, -1); }
static void answer(pid_t pid, long value) { put(pid, 10 /* a0 */, value); }
static void third(pid_t pid, long value) { put(pid, 12 /* a2 */, value); }
#else
#error "which registers has this processor?"
#endif

/* What a descriptor of a process is: as /proc has it. */
static void descriptor(pid_t pid, long fd, char *text, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%ld", pid, fd);
    ssize_t got = readlink(path, text, size - 1);
    text[got < 0 ? 0 : got] = 0;
}

static int has_no_errors(long call) {
    return call == SYS_exit || call == SYS_exit_group || call == SYS_rt_sigreturn || call == SYS_getpid || call == SYS_reboot;
}

/* Whether fewer bytes than asked for may come or go: of files and pipes, not of the kernel's own, which take all or nothing. */
static int may_be_short(pid_t pid, const struct __ptrace_syscall_info *info) {
    char of[256];
    if ((info->entry.nr != SYS_read && info->entry.nr != SYS_write) || info->entry.args[2] < 2)
        return 0;
    descriptor(pid, info->entry.args[0], of, sizeof of);
    if (info->entry.nr == SYS_read)
        return of[0] == '/';
    return (of[0] == '/' && strncmp(of, "/proc/", 6) && strncmp(of, "/sys/", 5) && strncmp(of, "/dev/", 5));
}

static int is_socket(pid_t pid, const struct __ptrace_syscall_info *info) {
    char of[256];
    long call = info->entry.nr;
    if (call != SYS_sendto && call != SYS_sendmsg && call != SYS_sendmmsg && call != SYS_recvfrom && call != SYS_recvmsg &&
        call != SYS_recvmmsg && call != SYS_read && call != SYS_write)
        return 0;
    descriptor(pid, info->entry.args[0], of, sizeof of);
    return !strncmp(of, "socket:", 7);
}

static void list(const struct tracee *of, const struct __ptrace_syscall_info *info, FILE *out) {
    fprintf(out, "%d %ld %llu kill", of->number, of->calls, (unsigned long long)info->entry.nr);
    if (!has_no_errors(info->entry.nr))
        fprintf(out, " ENOMEM EINTR EPERM EAGAIN");
    if (is_socket(of->pid, info))
        fprintf(out, " ENOBUFS");
    if (may_be_short(of->pid, info))
        fprintf(out, " short");
    fprintf(out, "\n");
}

static volatile sig_atomic_t late;
static void on_alarm(int signal) {
    (void)signal;
    late = 1;
}

static int trace(const char *kind, int process, long number, char **command) {
    int errno_ = 0, code = 125, hit = 0, is_short = !strcmp(kind, "short");
    FILE *out = NULL;
    for (size_t i = 0; i < COUNT(ERRORS); i++)
        if (!strcmp(kind, ERRORS[i].name))
            errno_ = ERRORS[i].number;
    if (!strcmp(kind, "list"))
        out = fopen("/tmp/points", "w");
    const char *root = getenv("NEW");
    pid_t first = syscall(SYS_clone, SIGCHLD | (root ? CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET : 0), 0, 0, 0, 0);
    if (first == 0) {
        static char *kernels[] = {"HOME=/", "TERM=linux", NULL};
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        if (root) {
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
            if (chroot(root) || chdir("/"))
                _exit(126);
        } else {
            setpgid(0, 0);
        }
        syscall(SYS_kill, getpid(), SIGSTOP);
        execve(command[0], command, root ? kernels : environ);
        _exit(127);
    }
    int status;
    waitpid(first, &status, 0);
    ptrace(PTRACE_SETOPTIONS, first, 0,
           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
               PTRACE_O_EXITKILL);
    int begun = 0;
    tracee(first)->fresh = 0;
    ptrace(PTRACE_CONT, first, 0, 0);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);
    alarm(root ? 4 : 10);
    while (known > 0 || code == 125) {
        pid_t pid = waitpid(-1, &status, __WALL);
        /* One that calls without end never lets this wait: its events are there. */
        if (late && root) {
            root = NULL;
            late = 0;
            kill(first, SIGTERM);
            alarm(25);
            if (pid < 0)
                continue;
        } else if (late) {
            for (int i = 0; i < known; i++)
                kill(tracees[i].pid, SIGKILL);
            kill(-first, SIGKILL);
            code = 124;
            break;
        }
        if (pid < 0)
            break;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            for (int i = 0; i < known; i++)
                if (tracees[i].pid == pid) {
                    forget(pid);
                    break;
                }
            if (pid == first)
                code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        struct tracee *of = tracee(pid);
        int signal = WSTOPSIG(status), event = status >> 16;
        if (event == PTRACE_EVENT_EXEC) {
            if (begun) { /* it has become something else */
                if (pid == first) { /* its end is still waited for */
                    forget(pid);
                    ptrace(PTRACE_DETACH, pid, 0, 0);
                    continue;
                }
                forget(pid);
                ptrace(PTRACE_DETACH, pid, 0, 0);
                continue;
            }
            begun = 1;
            of->within = 1; /* the end of execve comes next */
            ptrace(PTRACE_SYSCALL, pid, 0, 0);
            continue;
        }
        if (event) {
            ptrace(PTRACE_SYSCALL, pid, 0, 0);
            continue;
        }
        if (signal != (SIGTRAP | 0x80)) {
            int own = signal == SIGSTOP && of->fresh; /* the first stop of a new one */
            of->fresh = 0;
            ptrace(begun ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, own ? 0 : signal);
            continue;
        }
        of->fresh = 0;
        struct __ptrace_syscall_info info = info_of(pid);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
            of->within = 1;
            of->calls++;
            if (out) {
                list(of, &info, out);
            } else if (!hit && is_short && of->number == process && of->calls >= number && may_be_short(pid, &info)) {
                hit = 1;
                third(pid, 1);
            } else if (!is_short && of->number == process && of->calls == number) {
                hit = 1;
                if (!strcmp(kind, "kill")) {
                    kill(pid, SIGKILL);
                } else if (!has_no_errors(info.entry.nr)) {
                    skip(pid);
                    of->hit = 1;
                }
            }
        } else if (of->hit) {
            of->hit = 0;
            answer(pid, -errno_);
        }
        ptrace(PTRACE_SYSCALL, pid, 0, 0);
    }
    if (out)
        fclose(out);
    /* The one that was let go. */
    if (code == 125)
        while (waitpid(first, &status, 0) == first)
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                break;
            }
    return hit || out || code == 124 || getenv("NEW") ? code : 125;
}

/* ---- connectivity */

static int udp(const char *address, int port, struct sockaddr_storage *to, socklen_t *len) {
    struct sockaddr_in *v4 = (void *)to;
    struct sockaddr_in6 *v6 = (void *)to;
    memset(to, 0, sizeof *to);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET, v4->sin_port = htons(port), *len = sizeof *v4;
    } else {
        inet_pton(AF_INET6, address, &v6->sin6_addr);
        v6->sin6_family = AF_INET6, v6->sin6_port = htons(port), *len = sizeof *v6;
    }
    return socket(to->ss_family, SOCK_DGRAM, 0);
}

/* Room for what comes while this process has to wait for the processor: it is not what is asked about. */
static int roomy(int fd) {
    int size = 8 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return fd;
}

static int echo(int port) {
    struct sockaddr_storage from;
    socklen_t len;
    int fd = roomy(udp("::", port, &from, &len));
    if (bind(fd, (void *)&from, len))
        return perror("bind"), 1;
    for (;;) {
        char text[64];
        len = sizeof from;
        ssize_t got = recvfrom(fd, text, sizeof text, 0, (void *)&from, &len);
        if (got == 7 && !memcmp(text, "escaped", 7))
            dprintf(1, "escaped\n");
        if (got > 0)
            sendto(fd, text, got, 0, (void *)&from, len);
    }
}

static volatile sig_atomic_t over, pause_;
static void on_signal(int signal) {
    if (signal == SIGTERM)
        over = 1;
    else
        pause_ = signal == SIGUSR1;
}

static int escape(const char *address, int port) {
    struct sockaddr_storage to;
    socklen_t len;
    int fd = udp(address, port, &to, &len);
    for (int i = 0; i < 3; i++)
        sigaction((int[]){SIGTERM, SIGUSR1, SIGUSR2}[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
    while (!over) {
        if (!pause_)
            sendto(fd, "escaped", 7, 0, (void *)&to, len); /* that it is refused is well */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 0;
}

static int ping(const char *address, int port, int period) {
    struct sockaddr_storage to;
    socklen_t len;
    static uint8_t answered[1 << 22];
    static double when[1 << 22];
    uint32_t sent = 0, lost = 0;
    int fd = roomy(udp(address, port, &to, &len)), grace = 0;
    for (int i = 0; i < 3; i++)
        sigaction((int[]){SIGTERM, SIGUSR1, SIGUSR2}[i], &(struct sigaction){.sa_handler = on_signal}, NULL);
    if (connect(fd, (void *)&to, len))
        return perror("connect"), 1;
    while (grace < 100) {
        if (!over && !pause_ && sent < sizeof answered) {
            struct timespec now;
            clock_gettime(CLOCK_BOOTTIME, &now);
            when[sent] = now.tv_sec + now.tv_nsec / 1e9;
            send(fd, &sent, sizeof sent, 0); /* not sent is not answered */
            sent++;
        } else if (over) {
            grace++; /* a second for what is on its way */
        }
        struct pollfd poll_ = {fd, POLLIN, 0};
        uint32_t got;
        int wait = period;
        while (poll(&poll_, 1, wait) > 0 && (wait = 1)) {
            ssize_t n = recv(fd, &got, sizeof got, 0);
            if (n == sizeof got && got < sent)
                answered[got] = 1;
            if (n < 0) /* an error of one that was sent */
                break;
        }
    }
    for (uint32_t i = 0; i < sent; i++)
        lost += !answered[i];
    printf("%u sent %u lost\n", sent, lost);
    for (uint32_t i = 0, last = 0; i < sent; i++) {
        if (answered[i])
            continue;
        if (i == 0 || answered[i - 1])
            printf("from %.4f", when[i]);
        for (last = i; last + 1 < sent && !answered[last + 1]; last++)
            ;
        printf(" to %.4f\n", when[last]);
        i = last;
    }
    return 0;
}

/* ---- many launches */

static int launch(char **command) {
    int status = 1;
    pid_t pid = vfork();
    if (pid == 0) {
        execve(command[0], command, environ);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid ? status : 1;
}

static int launches(long number, char *launcher, char *vrf) {
    char *ways[4][8] = {
        {launcher, "-q", "--isolation", "strict", vrf, "/usr/bin/faults", "nothing", NULL},
        {launcher, "-q", "--bind", "seccomp", vrf, "/usr/bin/faults", "nothing", NULL},
        {launcher, "-q", "--isolation", "bind", vrf, "/usr/bin/faults", "nothing", NULL},
        {launcher, "-q", vrf, "/usr/bin/faults", "nothing", NULL},
    };
    for (long done = 0; done < number; done++) {
        if (launch(ways[done % 4])) {
            printf("%ld\n", done);
            return 1;
        }
        if (done % 10000 == 9999)
            fprintf(stderr, "# %ld launches\n", done + 1);
    }
    printf("%ld\n", number);
    return 0;
}

/* ---- the state of the kernel */

static char lines[1024][512];
static int count;

/* The value of an attribute that has at least `size` bytes. */
static const void *value(struct rtattr **of, int kind, size_t size) {
    return of[kind] && RTA_PAYLOAD(of[kind]) >= size ? RTA_DATA(of[kind]) : NULL;
}

static uint32_t number(struct rtattr **of, int kind) {
    const uint32_t *found = value(of, kind, 4);
    return found ? *found : 0;
}

static void sort_attributes(struct rtattr *from, int len, struct rtattr **of, int most) {
    memset(of, 0, (most + 1) * sizeof *of);
    for (; RTA_OK(from, len); from = RTA_NEXT(from, len))
        if ((from->rta_type & 0x3fff) <= most)
            of[from->rta_type & 0x3fff] = from;
}

static const char *name(uint32_t index) {
    static char names[4][IF_NAMESIZE];
    static int next;
    char *text = names[next++ % 4];
    return index && if_indextoname(index, text) ? text : "-";
}

static const char *address(int family, const void *bytes) {
    static char texts[4][INET6_ADDRSTRLEN];
    static int next;
    return bytes ? inet_ntop(family, bytes, texts[next++ % 4], INET6_ADDRSTRLEN) : "-";
}

static int is_link_local(int family, const uint8_t *bytes) {
    return family == AF_INET6 && bytes && bytes[0] == 0xfe && bytes[1] == 0x80;
}

static void tell(struct nlmsghdr *message) {
    struct rtattr *of[256];
    char *line = lines[count];
    size_t size = sizeof lines[0];
    int len;
    if (count == COUNT(lines))
        exit(99);
    if (message->nlmsg_type == RTM_NEWLINK) {
        struct ifinfomsg *link = NLMSG_DATA(message);
        struct rtattr *info[256], *data[256];
        len = IFLA_PAYLOAD(message), sort_attributes(IFLA_RTA(link), len, of, 255);
        sort_attributes(NULL, 0, data, 255), sort_attributes(NULL, 0, info, 255);
        if (of[IFLA_LINKINFO])
            sort_attributes(RTA_DATA(of[IFLA_LINKINFO]), RTA_PAYLOAD(of[IFLA_LINKINFO]), info, 255);
        if (info[IFLA_INFO_DATA])
            sort_attributes(RTA_DATA(info[IFLA_INFO_DATA]), RTA_PAYLOAD(info[IFLA_INFO_DATA]), data, 255);
        const char *kind = value(info, IFLA_INFO_KIND, 1);
        const uint8_t *state = value(of, IFLA_OPERSTATE, 1);
        int is_vrf = kind && !strcmp(kind, "vrf");
        count += snprintf(line, size, "link %s flags %x mtu %u master %s state %d kind %s table %u", (char *)RTA_DATA(of[IFLA_IFNAME]),
                          link->ifi_flags, number(of, IFLA_MTU), name(number(of, IFLA_MASTER)), state ? *state : -1,
                          kind ? kind : "-", is_vrf ? number(data, IFLA_VRF_TABLE) : 0) > 0;
    } else if (message->nlmsg_type == RTM_NEWADDR) {
        struct ifaddrmsg *addr = NLMSG_DATA(message);
        len = IFA_PAYLOAD(message), sort_attributes(IFA_RTA(addr), len, of, 255);
        int family = addr->ifa_family;
        const void *own = value(of, IFA_LOCAL, 4), *peer = value(of, IFA_ADDRESS, 4);
        if (!is_link_local(family, peer))
            count += snprintf(line, size, "addr %s %s peer %s/%d scope %d flags %x", name(addr->ifa_index), address(family, own),
                              address(family, peer), addr->ifa_prefixlen, addr->ifa_scope, number(of, IFA_FLAGS)) > 0;
    } else if (message->nlmsg_type == RTM_NEWROUTE) {
        struct rtmsg *route = NLMSG_DATA(message);
        len = RTM_PAYLOAD(message), sort_attributes(RTM_RTA(route), len, of, 255);
        int family = route->rtm_family;
        const void *to = value(of, RTA_DST, 4);
        if (!is_link_local(family, to) && !(route->rtm_flags & RTM_F_CLONED))
            count += snprintf(line, size, "route %d %s/%d table %u type %d scope %d proto %d oif %s via %s src %s metric %u flags %x",
                              family, address(family, to), route->rtm_dst_len, number(of, RTA_TABLE), route->rtm_type,
                              route->rtm_scope, route->rtm_protocol, name(number(of, RTA_OIF)),
                              address(family, value(of, RTA_GATEWAY, 4)), address(family, value(of, RTA_PREFSRC, 4)),
                              number(of, RTA_PRIORITY), route->rtm_flags & ~(unsigned)(RTNH_F_LINKDOWN | RTNH_F_DEAD)) > 0;
    } else if (message->nlmsg_type == RTM_NEWRULE) {
        struct fib_rule_hdr *rule = NLMSG_DATA(message);
        struct rtattr *first = (void *)((char *)rule + NLMSG_ALIGN(sizeof *rule));
        len = message->nlmsg_len - NLMSG_SPACE(sizeof *rule), sort_attributes(first, len, of, 255);
        const uint8_t *l3mdev = value(of, FRA_L3MDEV, 1), *protocol = value(of, FRA_PROTOCOL, 1);
        static int places_[256]; /* the order counts */
        count += snprintf(line, size, "rule %d at %d pref %u table %u action %d l3mdev %d from %d to %d proto %d", rule->family,
                          places_[rule->family]++, number(of, FRA_PRIORITY), number(of, FRA_TABLE), rule->action,
                          l3mdev ? *l3mdev : 0, rule->src_len, rule->dst_len, protocol ? *protocol : 0) > 0;
    }
}

/* The indices of links that may have filters. */
static int filtered[64], places;

static void tell_of_filters(struct nlmsghdr *message) {
    struct tcmsg *tc = NLMSG_DATA(message);
    struct rtattr *of[256];
    sort_attributes(TCA_RTA(tc), TCA_PAYLOAD(message), of, 255);
    const char *kind = value(of, TCA_KIND, 1);
    if (count == COUNT(lines) || !kind || places == COUNT(filtered))
        exit(99);
    if (message->nlmsg_type == RTM_NEWTFILTER) {
        count += snprintf(lines[count], sizeof lines[0], "filter %s %s pref %u", name(tc->tcm_ifindex), kind, tc->tcm_info >> 16) > 0;
    } else if (!strcmp(kind, "clsact")) {
        filtered[places++] = tc->tcm_ifindex;
        count += snprintf(lines[count], sizeof lines[0], "qdisc %s %s", name(tc->tcm_ifindex), kind) > 0;
    }
}

static int in_order(const void *a, const void *b) {
    return strcmp(a, b);
}

/* Gives `each` every message of a table; false where there is none. */
static int dump(int fd, int kind, int family, int index, void (*each)(struct nlmsghdr *)) {
    static char room[1 << 16] __attribute__((aligned(8)));
    static uint32_t number;
    union {
        struct ifinfomsg link;
        struct tcmsg tc;
    } body = {.tc = {.tcm_ifindex = index, .tcm_parent = index ? 0xfffffff2 : 0}};
    struct {
        struct nlmsghdr header;
        char body[sizeof(struct tcmsg)];
    } ask = {{sizeof ask, kind, NLM_F_REQUEST | NLM_F_DUMP, ++number, 0}, {0}};
    if (!index)
        body.link.ifi_family = family;
    memcpy(ask.body, &body, sizeof ask.body);
    if (kind != RTM_GETQDISC && kind != RTM_GETTFILTER)
        ask.header.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg));
    if (send(fd, &ask, ask.header.nlmsg_len, 0) < 0)
        return perror("send"), 0;
    for (;;) {
        int len = recv(fd, room, sizeof room, 0);
        if (len <= 0)
            return perror("recv"), 0;
        for (struct nlmsghdr *at = (void *)room; NLMSG_OK(at, (unsigned)len); at = NLMSG_NEXT(at, len)) {
            if (at->nlmsg_type == NLMSG_ERROR)
                return fprintf(stderr, "refused\n"), 0;
            if (at->nlmsg_type == NLMSG_DONE)
                return 1;
            each(at);
        }
    }
}

static int brief(const char *wanted) {
    static const struct { int kind, family; } questions[] = {
        {RTM_GETLINK, AF_UNSPEC}, {RTM_GETADDR, AF_INET}, {RTM_GETADDR, AF_INET6}, {RTM_GETROUTE, AF_INET},
        {RTM_GETROUTE, AF_INET6}, {RTM_GETRULE, AF_INET}, {RTM_GETRULE, AF_INET6},
    };
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    for (size_t i = 0; i < COUNT(questions); i++)
        if (!dump(fd, questions[i].kind, questions[i].family, 0, tell))
            return 2;
    if (!dump(fd, RTM_GETQDISC, AF_UNSPEC, 0, tell_of_filters))
        return 2;
    for (int i = 0; i < places; i++)
        if (!dump(fd, RTM_GETTFILTER, AF_UNSPEC, filtered[i], tell_of_filters))
            return 2;
    qsort(lines, count, sizeof lines[0], in_order);
    FILE *file = wanted ? fopen(wanted, "r") : NULL;
    int differs = wanted && !file;
    for (int i = 0; i < count; i++) {
        char line[sizeof lines[0] + 1];
        puts(lines[i]);
        if (file && fgets(line, sizeof line, file))
            line[strcspn(line, "\n")] = 0, differs |= strcmp(line, lines[i]) != 0;
        else
            differs |= wanted != NULL;
    }
    return differs || (file && fgetc(file) != EOF);
}

/* ---- a service */

static int leak(const char *how) {
    printf("%s\n", how);
    return 1;
}

static int forbidden_send(int fd) {
    struct sockaddr_storage to;
    socklen_t len;
    int other = udp("203.0.113.1", 7, &to, &len);
    close(other);
    return sendto(fd, "escaped", 7, 0, (void *)&to, len) >= 0;
}

static int service(const char *vrf, const char *level) {
    int wanted = if_nametoindex(vrf), guard = !strcmp(level, "guard"), strict = !strcmp(level, "strict");
    static const int families[] = {AF_INET, AF_INET6}, kinds[] = {SOCK_STREAM, SOCK_DGRAM};
    for (int i = 0; i < 4; i++) {
        int fd = socket(families[i / 2], kinds[i % 2], 0), bound = -1;
        socklen_t len = sizeof bound;
        if (fd < 0)
            continue; /* no socket is no leak */
        getsockopt(fd, SOL_SOCKET, 62 /* SO_BINDTOIFINDEX */, &bound, &len);
        if (bound != wanted)
            return leak("a socket is not bound");
        if (families[i / 2] == AF_INET && kinds[i % 2] == SOCK_DGRAM && forbidden_send(fd))
            return leak("a datagram got out");
        if (!guard && !strict)
            continue;
        /* One that frees itself. */
        struct sockaddr none = {.sa_family = AF_UNSPEC};
        if (families[i / 2] == AF_INET && kinds[i % 2] == SOCK_DGRAM) {
            connect(fd, &none, sizeof none);
            if (forbidden_send(fd))
                return leak("a datagram of a freed socket got out");
        }
        if (strict && !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth1", 5))
            return leak("a socket was bound to another interface");
        close(fd);
    }
    if (getenv("LISTEN_FDS")) {
        int bound = -1;
        socklen_t len = sizeof bound;
        getsockopt(3, SOL_SOCKET, 62, &bound, &len);
        if (bound != wanted)
            return leak("a socket that was opened for it is not bound");
        if (geteuid() == 0)
            return leak("it is root");
    }
    if (!guard && !strict)
        return leak("kept") * 0;
    if (socket(AF_INET, SOCK_STREAM, 262) >= 0)
        return leak("an MPTCP socket was made");
    if (fcntl(7, F_GETFD) >= 0)
        return leak("a descriptor was inherited");
    if (strict) {
        struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
        struct __user_cap_data_struct sets[2];
        syscall(SYS_capget, &header, sets);
        for (int i = 0; i < 2; i++)
            if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) & ~(i ? 0 : 0x23844cf9u))
                return leak("it has a capability that leads out");
        for (int i = 0; i < 41; i++)
            if (prctl(PR_CAPBSET_READ, i) == 1 && (i > 31 || !(0x23844cf9u >> i & 1)))
                return leak("a setuid program would get a capability that leads out");
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
            return leak("no_new_privs is not set");
        int fd = open("/sys/fs/cgroup/cgroup.procs", O_WRONLY);
        if (fd >= 0)
            return leak("the cgroup tree can be written");
    }
    return leak("kept") * 0;
}

int main(int argc, char **argv) {
    if (argc > 2 && !strcmp(argv[1], "list"))
        return trace("list", 0, 0, argv + 2);
    if (argc == 2 && !strcmp(argv[1], "nothing"))
        return 0;
    if ((argc == 2 || argc == 3) && !strcmp(argv[1], "brief"))
        return brief(argc == 3 ? argv[2] : NULL);
    if (argc == 5 && !strcmp(argv[1], "launches"))
        return launches(atol(argv[2]), argv[3], argv[4]);
    if (argc == 3 && !strcmp(argv[1], "echo"))
        return echo(atoi(argv[2]));
    if (argc == 4 && !strcmp(argv[1], "escape"))
        return escape(argv[2], atoi(argv[3]));
    if ((argc == 4 || argc == 5) && !strcmp(argv[1], "ping"))
        return ping(argv[2], atoi(argv[3]), argc == 5 ? atoi(argv[4]) : 10);
    if (argc == 4 && !strcmp(argv[1], "service"))
        return service(argv[2], argv[3]);
    if (argc > 4)
        return trace(argv[1], atoi(argv[2]), atol(argv[3]), argv + 4);
    return 100;
}

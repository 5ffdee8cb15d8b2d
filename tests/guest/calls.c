/* System calls by which others are made to act, and sockets by other calls than socket(2): calls WHAT [ARG]... */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/tipc.h>
#include <poll.h>
#include <pty.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int said(long result, const char *done) {
    puts(result < 0 ? strerror(errno) : done);
    return 0;
}

#ifdef __x86_64__
/* A system call of i386: what a program of 32 bits does, and any other may do. */
static long int80(long number, long a, long b, long c, long d, long e) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory", "r8", "r9", "r10", "r11");
    errno = (int)result < 0 ? -(int)result : 0;
    return (int)result < 0 ? -1 : (int)result;
}
#else
static long int80(long number, long a, long b, long c, long d, long e) {
    (void)number, (void)a, (void)b, (void)c, (void)d, (void)e;
    errno = ENOSYS;
    return -1;
}
#endif

/* Memory that 32 bits reach. */
static uint32_t *low(void) {
    void *page = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (page == MAP_FAILED) exit(1);
    return page;
}
#define ADDRESS(pointer) ((long)(uintptr_t)(pointer))

static int is(const char *what, const char *name) { return !strcmp(what, name); }

/* A pair of sockets of that family, by the call of that name; whether one hears the other. */
static int pair(const char *call, int family) {
    static int ends[2];
    uint32_t *memory;
    long result;
    int kind = family == AF_TIPC ? SOCK_SEQPACKET : SOCK_STREAM;
    if (is(call, "socketpair")) {
        result = socketpair(family, kind, 0, ends);
    } else if (is(call, "high")) { /* the kernel does not look at the upper half */
        result = syscall(SYS_socketpair, 0x100000000 | family, kind, 0, ends);
    } else {
        memory = low();
        memory[0] = family, memory[1] = kind, memory[2] = 0, memory[3] = ADDRESS(memory + 8);
        result = is(call, "socketcall") ? int80(102, 8, ADDRESS(memory), 0, 0, 0)
                                        : int80(360, family, kind, 0, memory[3], 0);
        ends[0] = memory[8], ends[1] = memory[9];
    }
    if (result < 0) return said(result, "");
    char heard[8] = "";
    if (send(ends[0], "heard", 5, 0) < 0 || recv(ends[1], heard, 5, 0) < 0) return said(-1, "");
    return said(0, heard);
}

/* A service of TIPC: of `serve` by socket(2), and one end of a pair sends to it. */
static struct sockaddr_tipc service(void) {
    struct sockaddr_tipc name = {.family = AF_TIPC, .addrtype = TIPC_ADDR_NAME, .scope = TIPC_NODE_SCOPE};
    name.addr.name.name.type = 18888;
    name.addr.name.name.instance = 17;
    return name;
}
static int hears_tipc(void) {
    struct sockaddr_tipc name = service();
    int fd = socket(AF_TIPC, SOCK_RDM, 0);
    char heard[64] = "";
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name)) return said(-1, "");
    puts("serving");
    while (recv(fd, heard, sizeof heard - 1, 0) > 0) puts(heard);
    return 0;
}
static int tells_tipc(const char *text) {
    struct sockaddr_tipc name = service();
    int ends[2];
    if (socketpair(AF_TIPC, SOCK_RDM, 0, ends)) return said(-1, "");
    return said(sendto(ends[0], text, strlen(text) + 1, 0, (struct sockaddr *)&name, sizeof name), "sent");
}

/* A socket of that family by i386's socketcall. */
static int socketcall(int family) {
    uint32_t *memory = low();
    memory[0] = family, memory[1] = SOCK_DGRAM, memory[2] = 0;
    return said(int80(102, 1, ADDRESS(memory), 0, 0, 0), "made");
}

/* Asks for the key of that name; TEXT, if any, is for the program outside. */
static int key(const char *call, const char *name, const char *text) {
    char *memory = (char *)low();
    strcpy(memory, "user"), strcpy(memory + 16, name);
    if (text) strcpy(memory + 64, text), text = memory + 64;
    if (is(call, "request_key")) return said(syscall(SYS_request_key, memory, memory + 16, text, 0), "a key");
    return said(int80(287, ADDRESS(memory), ADDRESS(memory + 16), ADDRESS(text), 0, 0), "a key");
}

/* Puts a line into its terminal. */
static int type(const char *call, const char *line) {
    char *memory = (char *)low();
    for (; *line; line++) {
        long result;
        *memory = *line == '~' ? '\n' : *line;
        if (is(call, "ioctl")) result = ioctl(0, TIOCSTI, memory);
        else if (is(call, "high")) result = syscall(SYS_ioctl, 0L, 0xdead00000000L | TIOCSTI, memory);
        else if (is(call, "x32")) result = syscall(0x40000000 | 514, 0L, (long)TIOCSTI, memory);
        else result = int80(54, 0, TIOCSTI, ADDRESS(memory), 0, 0);
        if (result < 0) return said(result, "");
    }
    return said(0, "typed");
}

/* TIOCLINUX, with the one of its requests that only asks: TIOCL_GETSHIFTSTATE. */
static int console(void) {
    char request = 6;
    int fd = open("/dev/tty1", O_RDWR | O_NOCTTY);
    return said(fd < 0 ? fd : ioctl(fd, TIOCLINUX, &request), "answered");
}

/* Runs a program on a terminal of its own, as a service is started from a shell that reads on; says what that shell would have
 * read. */
static int terminal(char **argv) {
    int master;
    pid_t child = forkpty(&master, 0, 0, 0);
    if (child < 0) return said(-1, "");
    if (!child) {
        struct termios mode;
        tcgetattr(0, &mode);
        mode.c_lflag &= ~ECHO;
        tcsetattr(0, TCSANOW, &mode);
        pid_t inside = fork();
        if (!inside) {
            execvp(argv[0], argv);
            _exit(127);
        }
        waitpid(inside, 0, 0);
        struct pollfd input = {.fd = 0, .events = POLLIN};
        char line[64] = "";
        if (poll(&input, 1, 500) == 1 && read(0, line, sizeof line - 1) > 0) printf("the shell reads %s", line);
        else puts("the shell reads nothing");
        fflush(stdout);
        _exit(0);
    }
    char text[256];
    ssize_t len;
    while ((len = read(master, text, sizeof text)) > 0)
        for (ssize_t at = 0; at < len; at++)
            if (text[at] != '\r') putchar(text[at]);
    waitpid(child, 0, 0);
    return 0;
}

static struct sockaddr_in to(const char *address, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, address, &to.sin_addr);
    return to;
}
static unsigned short sum(const unsigned char *bytes, int len) {
    unsigned total = 0;
    for (int at = 0; at < len; at += 2) total += bytes[at] << 8 | (at + 1 < len ? bytes[at + 1] : 0);
    while (total >> 16) total = (total & 0xffff) + (total >> 16);
    return htons(~total);
}
/* An ICMP error "port unreachable" to HOST, as if HOST had sent a datagram from port 7000 to FROM; it quotes WORD. */
static int quote(const char *from, const char *host, const char *word) {
    unsigned char packet[96] = {3, 3};
    unsigned char *quoted = packet + 8;
    int len = strlen(word);
    quoted[0] = 0x45, quoted[3] = 28 + len, quoted[8] = 64, quoted[9] = IPPROTO_UDP;
    struct sockaddr_in source = to(host, 0), target = to(from, 0);
    memcpy(quoted + 12, &source.sin_addr, 4);
    memcpy(quoted + 16, &target.sin_addr, 4);
    *(unsigned short *)(quoted + 10) = sum(quoted, 20);
    *(unsigned short *)(quoted + 20) = htons(7000);
    *(unsigned short *)(quoted + 22) = htons(7001);
    *(unsigned short *)(quoted + 24) = htons(8 + len);
    memcpy(quoted + 28, word, len);
    *(unsigned short *)(packet + 2) = sum(packet, 36 + len);
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    return said(sendto(fd, packet, 36 + len, 0, (struct sockaddr *)&source, sizeof source), "sent");
}
/* A socket that is freed of its VRF, and what the errors quote that come to it. By `i386`, IP_RECVERR is set so. */
static int errors(const char *call) {
    struct sockaddr_in own = to("0.0.0.0", 7000);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    int on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    uint32_t *memory = low();
    long result;
    *memory = 1;
    if (connect(fd, &none, sizeof none) || bind(fd, (struct sockaddr *)&own, sizeof own)) return said(-1, "");
    if (is(call, "setsockopt")) result = setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof on);
    else if (is(call, "high"))
        result = syscall(SYS_setsockopt, fd, 0x100000000L | SOL_IP, 0x500000000L | IP_RECVERR, &on, sizeof on);
    else result = int80(366, fd, SOL_IP, IP_RECVERR, ADDRESS(memory), 4);
    said(result, "set");
    puts("ready");
    for (int tries = 0; tries < 20; tries++) {
        char text[64] = "", control[256];
        struct iovec part = {text, sizeof text - 1};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 256};
        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) > 0) printf("quoted %s\n", text);
        usleep(100000);
    }
    return said(0, "end");
}
/* Time stamps of what one sends come by the same queue. */
static int stamps(const char *address) {
    struct sockaddr_in other = to(address, 9);
    int flags = 1 << 1 | 1 << 4 | 1 << 11; /* SOF_TIMESTAMPING_TX_SOFTWARE, SOFTWARE, OPT_TSONLY */
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags)) return said(-1, "");
    if (sendto(fd, "x", 1, 0, (struct sockaddr *)&other, sizeof other) < 0) return said(-1, "");
    struct pollfd error = {.fd = fd};
    poll(&error, 1, 2000);
    char control[512];
    struct msghdr message = {.msg_control = control, .msg_controllen = sizeof control};
    if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return said(-1, "");
    return said(0, message.msg_controllen > 64 ? "stamped" : "no stamp");
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "", *first = argc > 2 ? argv[2] : "", *second = argc > 3 ? argv[3] : "";
    setvbuf(stdout, 0, _IOLBF, 0);
    if (is(what, "pair")) return pair(first, atoi(second));
    if (is(what, "hears-tipc")) return hears_tipc();
    if (is(what, "tells-tipc")) return tells_tipc(first);
    if (is(what, "socketcall")) return socketcall(atoi(first));
    if (is(what, "key")) return key(first, second, argv[4]);
    if (is(what, "type")) return type(first, second);
    if (is(what, "console")) return console();
    if (is(what, "terminal")) return terminal(argv + 2);
    if (is(what, "quote")) return quote(first, second, argv[4]);
    if (is(what, "errors")) return errors(first);
    if (is(what, "stamps")) return stamps(first);
    return 2;
}

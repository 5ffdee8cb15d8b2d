/*
 * What starts a service with a socket that it has opened itself, as systemd and inetd do; and services that use such a socket.
 *
 *   descriptors pass SOCKET PLACE COMMAND...   opens SOCKET, puts it at PLACE, and becomes COMMAND
 *   descriptors serve FD WORD                  answers WORD there: a listener, a datagram socket, or a connection
 *   descriptors talk FD ADDRESS PORT           connects it, and prints what is answered there
 *
 * SOCKET: words separated by commas, in this order of effect whatever the order they stand in
 *   ns=NAME                that network namespace (ip-netns(8))
 *   tcp4 tcp6 udp4 udp6    of the internet; mptcp raw packet netlink key unix tipc: other kinds
 *   dev=NAME               SO_BINDTODEVICE
 *   port=N                 its own port; a stream socket listens, unless `closed` is said
 *   to=ADDRESS             connected there, to port 9
 *   queued                 waits until something has arrived
 *   accept                 takes one connection, and passes that
 * PLACE: a descriptor's number, or `listen`: 3, with LISTEN_FDS and LISTEN_PID.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *name;
    int family, type, protocol;
} kinds[] = {
    {"tcp4", AF_INET, SOCK_STREAM, 0},
    {"tcp6", AF_INET6, SOCK_STREAM, 0},
    {"udp4", AF_INET, SOCK_DGRAM, 0},
    {"udp6", AF_INET6, SOCK_DGRAM, 0},
    {"mptcp", AF_INET, SOCK_STREAM, 262},
    {"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {"packet", AF_PACKET, SOCK_DGRAM, 0},
    {"netlink", AF_NETLINK, SOCK_RAW, 0},
    {"key", AF_KEY, SOCK_RAW, 2},
    {"unix", AF_UNIX, SOCK_STREAM, 0},
    {"tipc", AF_TIPC, SOCK_STREAM, 0},
};

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void enter(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
        die(path);
    close(fd);
}

/* The value of a word KEY=VALUE of `words`, "" of a word KEY; NULL where there is none. */
static const char *said(const char *words, const char *key) {
    static char room[8][64];
    static unsigned used;
    size_t length = strlen(key);
    for (const char *at = words; at != NULL; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, key, length) == 0 && strchr(",=", at[length]) != NULL) {
            char *value = room[used++ % 8];
            at += length + (at[length] == '=');
            snprintf(value, sizeof room[0], "%.*s", (int)strcspn(at, ","), at);
            return value;
        }
    }
    return NULL;
}

static socklen_t address(int family, const char *text, int port, struct sockaddr_storage *to) {
    struct sockaddr_in *four = (struct sockaddr_in *)to;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
    memset(to, 0, sizeof *to);
    to->ss_family = (sa_family_t)family;
    if (family == AF_INET6) {
        six->sin6_port = htons((uint16_t)port);
        inet_pton(AF_INET6, text ? text : "::", &six->sin6_addr);
        return sizeof *six;
    }
    four->sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, text ? text : "0.0.0.0", &four->sin_addr);
    return sizeof *four;
}

static int open_socket(const char *words) {
    const char *value;
    struct sockaddr_storage at;
    int fd = -1, one = 1, family = 0, type = 0;
    if ((value = said(words, "ns")) != NULL) {
        char path[100];
        snprintf(path, sizeof path, "/run/netns/%s", value);
        enter(path);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (said(words, kinds[i].name) != NULL) {
            family = kinds[i].family;
            type = kinds[i].type;
            fd = socket(family, type, kinds[i].protocol);
        }
    }
    if (fd < 0)
        die("socket");
    if (said(words, "ns") != NULL)
        enter("/proc/1/ns/net");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if ((value = said(words, "dev")) != NULL && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, value, (socklen_t)strlen(value)) != 0)
        die("SO_BINDTODEVICE");
    if ((value = said(words, "port")) != NULL) {
        socklen_t length = address(family, NULL, atoi(value), &at);
        if (bind(fd, (struct sockaddr *)&at, length) != 0)
            die("bind");
        if (type == SOCK_STREAM && said(words, "closed") == NULL && listen(fd, 8) != 0)
            die("listen");
    }
    if ((value = said(words, "to")) != NULL) {
        socklen_t length = address(family, value, 9, &at);
        if (connect(fd, (struct sockaddr *)&at, length) != 0)
            die("connect");
    }
    if (said(words, "queued") != NULL || said(words, "accept") != NULL) {
        struct pollfd polled = {fd, POLLIN, 0};
        fprintf(stderr, "waiting\n");
        poll(&polled, 1, -1);
    }
    if (said(words, "accept") != NULL) {
        int connection = accept(fd, NULL, NULL);
        close(fd);
        fd = connection;
    }
    return fd;
}

static int serve(int fd, const char *word) {
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    char buf[100];
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size);
    fprintf(stderr, "serving\n");
    if (type == SOCK_STREAM && !listens) {
        dprintf(fd, "%s\n", word);
        return 0;
    }
    for (;;) {
        struct sockaddr_storage from;
        socklen_t length = sizeof from;
        if (listens) {
            int connection = accept(fd, NULL, NULL);
            dprintf(connection, "%s\n", word);
            close(connection);
            continue;
        }
        ssize_t got = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &length);
        if (got < 0)
            continue;
        fprintf(stderr, "got %.*s\n", (int)got, buf);
        snprintf(buf, sizeof buf, "%s\n", word);
        sendto(fd, buf, strlen(buf), 0, (struct sockaddr *)&from, length);
        sendto(fd, buf, 0, 0, (struct sockaddr *)&from, length); /* there is no more */
    }
}

static int talk(int fd, const char *to, const char *port) {
    struct sockaddr_storage at;
    char buf[100];
    socklen_t length = address(strchr(to, ':') ? AF_INET6 : AF_INET, to, atoi(port), &at);
    alarm(3);
    if (connect(fd, (struct sockaddr *)&at, length) != 0)
        die("connect");
    (void)!write(fd, "question\n", 9);
    ssize_t got = read(fd, buf, sizeof buf);
    printf("%.*s", got > 0 ? (int)got : 0, buf);
    return 0;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    if (argc > 4 && strcmp(argv[1], "pass") == 0) {
        int place = strcmp(argv[3], "listen") == 0 ? 3 : atoi(argv[3]), fd = open_socket(argv[2]);
        if (fd != place) {
            dup2(fd, place);
            close(fd);
        }
        if (strcmp(argv[3], "listen") == 0) {
            char pid[20];
            snprintf(pid, sizeof pid, "%d", (int)getpid());
            setenv("LISTEN_FDS", "1", 1);
            setenv("LISTEN_PID", pid, 1);
        }
        execvp(argv[4], argv + 4);
        die(argv[4]);
    }
    if (argc == 4 && strcmp(argv[1], "serve") == 0)
        return serve(atoi(argv[2]), argv[3]);
    if (argc == 5 && strcmp(argv[1], "talk") == 0)
        return talk(atoi(argv[2]), argv[3], argv[4]);
    return 2;
}

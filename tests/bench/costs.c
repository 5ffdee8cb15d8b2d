/*
 * What things cost: runs something many times and prints the time of one, in nanoseconds of the machine's clock.
 *
 *   costs launch COUNT COMMAND...     fork, exec, wait
 *   costs once COMMAND...             the same, but once
 *   costs socket COUNT                an IPv4 datagram socket made and closed
 *   costs udp COUNT ADDRESS           a datagram to port 7 and its answer
 *   costs tcp COUNT ADDRESS           a connection to port 7, one byte there and back, closed
 *   costs bulk COUNT ADDRESS          a kilobyte of a stream to port 9
 *   costs serve                       answers on port 7, swallows on port 9, by UDP and TCP; says "ready"
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void die(const char *what) {
    perror(what);
    exit(1);
}

static struct sockaddr_in at(const char *address, int port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
        die("address");
    return to;
}

static int connected(int type, const char *address, int port) {
    struct sockaddr_in to = at(address, port);
    int fd = socket(AF_INET, type, 0);
    struct timeval patience = {5, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    return fd;
}

static void launch(char **command) {
    pid_t child = vfork();
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
    if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
        die("bind");
    return fd;
}

static void serve(void) {
    static char buf[65536];
    struct pollfd all[8] = {{listener(SOCK_DGRAM, 7), POLLIN, 0}, {listener(SOCK_STREAM, 7), POLLIN, 0}, {listener(SOCK_STREAM, 9), POLLIN, 0}};
    int count = 3;
    puts("ready");
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

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    long count = argc > 2 ? atol(argv[2]) : 0;
    const char *address = argc > 3 ? argv[3] : "";
    char byte = 'x';
    static char kilobyte[1024];
    if (strcmp(what, "serve") == 0)
        serve();
    if (strcmp(what, "once") == 0 && argc > 2) {
        long long before = now();
        launch(argv + 2);
        printf("%lld\n", now() - before);
        return 0;
    }
    if (count <= 0)
        return 2;
    int fd = -1;
    if (strcmp(what, "udp") == 0)
        fd = connected(SOCK_DGRAM, address, 7);
    if (strcmp(what, "bulk") == 0)
        fd = connected(SOCK_STREAM, address, 9);
    long warm = count / 10 + 1;
    long long start = 0;
    for (long i = -warm; i < count; i++) {
        if (i == 0)
            start = now();
        if (strcmp(what, "launch") == 0) {
            launch(argv + 3);
        } else if (strcmp(what, "socket") == 0) {
            close(socket(AF_INET, SOCK_DGRAM, 0));
        } else if (strcmp(what, "udp") == 0) {
            if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
                die("udp");
        } else if (strcmp(what, "tcp") == 0) {
            int one = connected(SOCK_STREAM, address, 7);
            if (write(one, &byte, 1) != 1 || read(one, &byte, 1) != 1)
                die("tcp");
            close(one);
        } else if (strcmp(what, "bulk") == 0) {
            if (write(fd, kilobyte, sizeof kilobyte) != sizeof kilobyte)
                die("bulk");
        } else {
            return 2;
        }
    }
    printf("%lld\n", (now() - start) / count);
    return 0;
}

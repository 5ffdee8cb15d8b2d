/* Processes to be adopted, with sockets that are hard to see: adopt leave ADDRESS PORT INTERFACE, adopt thread|queue|backlog PORT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int opened(int kind, int port) {
    int fd = socket(AF_INET, kind, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (fd < 0 || bind(fd, (void *)&own, sizeof own) || (kind == SOCK_STREAM && listen(fd, 5))) {
        perror("adopt");
        exit(1);
    }
    return fd;
}

/* A datagram that names the interface it is to leave by. */
static void leave(int fd, const char *what, char **argv) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
    inet_pton(AF_INET, argv[2], &to.sin_addr);
    char text[32];
    struct iovec part = {text, snprintf(text, sizeof text, "%s\n", what)};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } control = {0};
    control.head = (struct cmsghdr){CMSG_LEN(sizeof(struct in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
    ((struct in_pktinfo *)CMSG_DATA(&control.head))->ipi_ifindex = if_nametoindex(argv[4]);
    struct msghdr message = {&to, sizeof to, &part, 1, &control, sizeof control, 0};
    printf("%s: %s\n", what, sendmsg(fd, &message, 0) < 0 ? strerror(errno) : "sent");
}

static void *with_own_descriptors(void *port) {
    unshare(CLONE_FILES);
    opened(SOCK_DGRAM, (int)(long)port);
    puts("ready");
    pause();
    return 0;
}

int main(int argc, char **argv) {
    setvbuf(stdout, 0, _IOLBF, 0);
    if (argc == 5) {
        int fd = opened(SOCK_DGRAM, 0);
        puts("ready");
        getchar();
        leave(fd, "existing", argv);
        leave(opened(SOCK_DGRAM, 0), "new", argv);
        puts("done");
        return pause();
    }
    if (argc != 3) return 2;
    int port = atoi(argv[2]), ends[2];
    if (!strcmp(argv[1], "thread")) {
        pthread_t thread;
        pthread_create(&thread, 0, with_own_descriptors, (void *)(long)port);
    } else if (!strcmp(argv[1], "queue")) {
        int fd = opened(SOCK_DGRAM, port);
        socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
        union {
            struct cmsghdr head;
            char room[CMSG_SPACE(sizeof fd)];
        } control = {0};
        control.head = (struct cmsghdr){CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
        struct iovec part = {"x", 1};
        struct msghdr message = {0, 0, &part, 1, &control, sizeof control, 0};
        if (sendmsg(ends[0], &message, 0) < 0) perror("adopt");
        close(fd);
        puts("ready");
    } else {
        opened(SOCK_STREAM, port);
        puts("ready");
    }
    pause();
    return 0;
}

/*
 * A server that opens no socket: it takes those of LISTEN_FDS (sd_listen_fds(3)) and answers with its word and its user.
 *
 *   listen WORD
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
    const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID"), *names = getenv("LISTEN_FDNAMES");
    struct pollfd all[8];
    int n = count ? atoi(count) : 0;
    if (argc < 2 || n < 1 || n > 8 || pid == NULL || atoi(pid) != getpid()) {
        fprintf(stderr, "nothing to listen on\n");
        return 1;
    }
    printf("%d %s\n", n, names ? names : "");
    fflush(stdout);
    for (int i = 0; i < n; i++)
        all[i] = (struct pollfd){3 + i, POLLIN, 0};
    while (poll(all, (nfds_t)n, -1) > 0) {
        for (int i = 0; i < n; i++) {
            if (!all[i].revents)
                continue;
            char answer[100], buf[100];
            int length = snprintf(answer, sizeof answer, "%s %d\n", argv[1], (int)getuid());
            struct sockaddr_storage from;
            socklen_t size = sizeof from;
            int type = 0;
            socklen_t type_size = sizeof type;
            getsockopt(all[i].fd, SOL_SOCKET, SO_TYPE, &type, &type_size);
            if (type == SOCK_DGRAM) {
                if (recvfrom(all[i].fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &size) >= 0) {
                    sendto(all[i].fd, answer, (size_t)length, 0, (struct sockaddr *)&from, size);
                    sendto(all[i].fd, answer, 0, 0, (struct sockaddr *)&from, size); /* there is no more */
                }
            } else {
                int client = accept(all[i].fd, NULL, NULL);
                (void)!write(client, answer, (size_t)length);
                close(client);
            }
        }
    }
    return 0;
}

// Sends a datagram to port 9 of 203.0.113.1 and of 2001:db8::1 ten times a second, by the interface whose index it is
// given, named in a control message: IP_PKTINFO and IPV6_PKTINFO. Goes on whatever the kernel says to it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void out(int fd, void *to, socklen_t size, int level, int type, const void *info, size_t length) {
    char byte = 'x', room[64] = {0};
    struct iovec data = {&byte, 1};
    struct msghdr message = {.msg_name = to, .msg_namelen = size, .msg_iov = &data, .msg_iovlen = 1};
    message.msg_control = room;
    message.msg_controllen = CMSG_SPACE(length);
    struct cmsghdr *control = CMSG_FIRSTHDR(&message);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(control), info, length);
    (void)sendmsg(fd, &message, 0);
}

int main(int count, char **words) {
    int index = count > 1 ? atoi(words[1]) : 0;
    int four = socket(AF_INET, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(9)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    inet_pton(AF_INET, "203.0.113.1", &to4.sin_addr);
    inet_pton(AF_INET6, "2001:db8::1", &to6.sin6_addr);
    struct in_pktinfo by4 = {.ipi_ifindex = index};
    struct in6_pktinfo by6 = {.ipi6_ifindex = (unsigned)index};
    for (;;) {
        out(four, &to4, sizeof to4, IPPROTO_IP, IP_PKTINFO, &by4, sizeof by4);
        out(six, &to6, sizeof to6, IPPROTO_IPV6, IPV6_PKTINFO, &by6, sizeof by6);
        usleep(100000);
    }
}

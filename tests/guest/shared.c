/* Ways past the VRF by eth0: shared WAY ADDRESS
 *
 * p: the datagram says that it leaves by eth0 (packet info)
 * u: the socket is freed of its interface (connect to AF_UNSPEC)
 * b: the socket is bound to eth0's link-local address (IPv6)
 *
 * Sends to port 9 of ADDRESS; ends with 0 where the kernel has taken it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	int six = strchr(argv[2], ':') != NULL;
	unsigned eth0 = if_nametoindex("eth0");
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	char control[64] = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd < 0 || inet_pton(six ? AF_INET6 : AF_INET, argv[2], six ? (void *)&to6.sin6_addr : (void *)&to4.sin_addr) != 1)
		return 2;
	message.msg_name = six ? (void *)&to6 : (void *)&to4;
	message.msg_namelen = six ? sizeof to6 : sizeof to4;
	switch (argv[1][0]) {
	case 'p': {
		struct in_pktinfo four = { .ipi_ifindex = eth0 };
		struct in6_pktinfo info = { .ipi6_ifindex = eth0 };
		size_t size = six ? sizeof info : sizeof four;
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(size);
		struct cmsghdr *head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = six ? IPPROTO_IPV6 : IPPROTO_IP;
		head->cmsg_type = six ? IPV6_PKTINFO : IP_PKTINFO;
		head->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(head), six ? (void *)&info : (void *)&four, size);
		break;
	}
	case 'u': {
		struct sockaddr none = { .sa_family = AF_UNSPEC };
		if (connect(fd, &none, sizeof none) < 0)
			return 2;
		break;
	}
	case 'b': {
		struct ifaddrs *all, *at;
		int bound = 0;
		if (getifaddrs(&all) < 0)
			return 2;
		for (at = all; at; at = at->ifa_next) {
			struct sockaddr_in6 *own = (void *)at->ifa_addr;
			if (own && own->sin6_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&own->sin6_addr) && !strcmp(at->ifa_name, "eth0")) {
				struct sockaddr_in6 address = *own;
				address.sin6_port = 0;
				address.sin6_scope_id = eth0;
				bound |= bind(fd, (void *)&address, sizeof address) == 0;
			}
		}
		if (!bound)
			return 2;
		break;
	}
	default:
		return 2;
	}
	if (sendmsg(fd, &message, 0) < 0) {
		perror("sendmsg");
		return 1;
	}
	return 0;
}

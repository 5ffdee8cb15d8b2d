/* What neighbours.sh needs beside iproute2:
 * neighbours foreign | same FILE PART... [-- FILE PART...]... | lookups FILE FILE [-- ...] | probe DEV ADDRESS... -- ADDRESS...
 *
 * foreign: deletes every rule of both families whose protocol is not `kernel`, each by its own message of the dump, as
 *          systemd-networkd does when it starts (ManageForeignRoutingPolicyRules=yes).
 * same:    ends with 0 if each FILE is what its PARTs are, one behind the other. One process for all: most of an emulated machine's
 *          time goes into starting processes.
 * lookups: the same, but for the first line of each file.
 * probe:   until it is terminated, sends datagrams from each ADDRESS before `--` to itself, and connects sockets that are bound to
 *          DEV to each ADDRESS behind `--`. Then prints how many datagrams were sent, how many of them did not come back within a
 *          second, how many connections were tried, and for how many of them the kernel found a route. Says on the standard
 *          error which the first was that did not come back, and what was found. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROOM = 1 << 20 };

static int foreign(void)
{
	static char dump[1 << 20], answer[8192];
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int families[] = { AF_INET, AF_INET6 };

	for (int at = 0; at < 2; at++) {
		struct {
			struct nlmsghdr head;
			struct fib_rule_hdr rule;
		} ask = { { sizeof ask, RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { .family = families[at] } };
		ssize_t length = 0;
		int done = 0;

		if (send(fd, &ask, sizeof ask, 0) < 0)
			return 1;
		while (!done) {
			ssize_t got = recv(fd, dump + length, sizeof dump - length, 0);
			if (got <= 0)
				return 1;
			int left = got;
			for (struct nlmsghdr *head = (void *)(dump + length); NLMSG_OK(head, left); head = NLMSG_NEXT(head, left))
				done |= head->nlmsg_type == NLMSG_DONE || head->nlmsg_type == NLMSG_ERROR;
			length += got;
		}
		int left = length;
		for (struct nlmsghdr *head = (void *)dump; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
			if (head->nlmsg_type != RTM_NEWRULE)
				continue;
			int kernels = 0, rest = head->nlmsg_len - NLMSG_SPACE(sizeof(struct fib_rule_hdr));
			struct rtattr *attr = (void *)((char *)head + NLMSG_SPACE(sizeof(struct fib_rule_hdr)));
			for (; RTA_OK(attr, rest); attr = RTA_NEXT(attr, rest))
				kernels |= attr->rta_type == FRA_PROTOCOL && *(unsigned char *)RTA_DATA(attr) == RTPROT_KERNEL;
			if (kernels)
				continue;
			head->nlmsg_type = RTM_DELRULE;
			head->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
			if (send(fd, head, head->nlmsg_len, 0) < 0 || recv(fd, answer, sizeof answer, 0) < 0)
				return 1;
			struct nlmsgerr *error = NLMSG_DATA((struct nlmsghdr *)answer);
			if (error->error) {
				fprintf(stderr, "a rule cannot be deleted: %s\n", strerror(-error->error));
				return 1;
			}
		}
	}
	return 0;
}

/* Reads all files of a list that ends with `--` or with the arguments. */
static int text(int *at, int count, char **names, int skips, char *text)
{
	size_t size = 0;

	for (; *at < count && strcmp(names[*at], "--"); ++*at) {
		FILE *file = fopen(names[*at], "r");
		size_t from = size;
		if (!file)
			return -1;
		size += fread(text + size, 1, ROOM - size, file);
		fclose(file);
		if (skips) {
			char *end = memchr(text + from, '\n', size - from);
			size_t first = end ? end + 1 - (text + from) : 0;
			memmove(text + from, text + from + first, size - from - first);
			size -= first;
		}
	}
	++*at;
	return size;
}

static int same(int count, char **names, int skips)
{
	static char one[ROOM], others[ROOM];

	for (int at = 0; at < count;) {
		int next = at + 1, size = text(&at, next, names, skips, one);
		at = next;
		int rest = text(&at, count, names, skips, others);
		if (size < 0 || size != rest || memcmp(one, others, size))
			return 1;
	}
	return 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t parse(const char *text, union address *address)
{
	memset(address, 0, sizeof *address);
	if (inet_pton(AF_INET6, text, &address->six.sin6_addr) == 1) {
		address->six.sin6_family = AF_INET6;
		address->six.sin6_port = htons(7);
		return sizeof address->six;
	}
	address->four.sin_family = AF_INET;
	address->four.sin_port = htons(7);
	return inet_pton(AF_INET, text, &address->four.sin_addr) == 1 ? sizeof address->four : 0;
}

static volatile sig_atomic_t ends;

static void end(int number)
{
	(void)number;
	ends = 1;
}

static int probe(int count, char **words)
{
	unsigned long sent = 0, lost = 0, asked = 0, found = 0;
	unsigned long finds[64] = { 0 };
	struct sigaction action = { .sa_handler = end };

	if (count < 1 || count > 64)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	while (!ends) {
		int bound = 0;
		for (int at = 1; at < count; at++) {
			if (!strcmp(words[at], "--")) {
				bound = 1;
				continue;
			}
			union address to;
			socklen_t size = parse(words[at], &to);
			int fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
			if (!size || fd < 0)
				return 2;
			if (bound) {
				if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, words[0], strlen(words[0])) < 0)
					return 2;
				asked++;
				if (connect(fd, &to.any, size) == 0) {
					found++;
					if (!finds[at]++)
						fprintf(stderr, "%s is found\n", words[at]);
				}
			} else {
				/* The kernel may leave what arrives to a thread of its own, which has to get its turn. */
				struct timeval second = { .tv_sec = 1 };
				char byte;
				to.four.sin_port = 0;
				sent++;
				if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) < 0 || bind(fd, &to.any, size) < 0 ||
				    getsockname(fd, &to.any, &size) < 0 || connect(fd, &to.any, size) < 0 || send(fd, "x", 1, 0) != 1 ||
				    recv(fd, &byte, 1, 0) != 1) {
					if (!lost++)
						perror(words[at]);
				}
			}
			close(fd);
		}
	}
	for (int at = 0; at < count; at++)
		if (finds[at])
			fprintf(stderr, "%s was found %lu times\n", words[at], finds[at]);
	printf("sent %lu lost %lu asked %lu found %lu\n", sent, lost, asked, found);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "foreign"))
		return foreign();
	if (argc > 3 && !strcmp(argv[1], "same"))
		return same(argc - 2, argv + 2, 0);
	if (argc > 3 && !strcmp(argv[1], "lookups"))
		return same(argc - 2, argv + 2, 1);
	if (argc > 3 && !strcmp(argv[1], "probe"))
		return probe(argc - 2, argv + 2);
	return 2;
}

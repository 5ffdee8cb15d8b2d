/*
 * The ways out of a VRF: each sends something that a sniffer on the wire of the interface OUT knows by its number: the
 * destination port is 20000 + number, and where there is a payload it has "ESCnn.".
 *
 *   escape list                     number, name, and "root" where only root can try it
 *   escape all                      tries them all, each in a process of its own, those that are not root's alone at once
 *   escape try NUMBER               tries one
 *   escape hold COMMAND...          runs COMMAND with an unbound socket as descriptor 9
 *   escape holder                   has such a socket, for others to take, and sleeps
 *   escape listen KIND PORT         answers "inside" there; KIND is udp, tcp, mptcp (or TCP where that is refused, as Go
 *                                   does it), freed-udp, freed-tcp (made free of the VRF first, as far as that goes), or
 *                                   group (ff02::76:6c and 239.1.2.4 by all interfaces)
 *   escape ear INTERFACE [bound]    prints the number of each way of which a packet arrives at a port above 20000, also one for 239.1.2.3
 *                                   by INTERFACE; with "bound", the sockets are bound to INTERFACE
 *   escape options                  prints what a router says that arrives by rtnetlink's group for that
 *   escape advertise INTERFACE      is such a router, once: its name server is ESC::
 *   escape long                     prints what the kernel says to an option that is too short, and to one of two pages
 *   escape join KIND INTERFACE      joins 239.76.2.1 or ff05::76:2:1 and waits; KIND is mreqn, mreq, source, group4, mreq6, group6 or anycast;
 *                                   INTERFACE - is index 0, or it is the address of an interface
 *
 * A way that joins a group takes 239.76.1.number or ff05::76:1:number (the number read as hexadecimal), which the sniffer knows by the
 * kernel's report.
 *
 * Environment: OUT (interface), TO4, TO6 (a host on its wire), LINK6 (that host's link-local address), OWN6 (ours), FROM4 (ours),
 * OTHER (an interface of another VRF), HOLDER (PID of a holder). What a way answers is not looked at.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#define MPTCP 262
#define SMC 256
#define LENGTH(a) ((int)(sizeof(a) / sizeof *(a)))

static int number; /* of the way that is tried */
static int out;    /* index of the interface it goes to */
static const char *out_name;
static struct sockaddr_in to4;
static struct sockaddr_in6 to6, link6, own6;
static char mark[32];

/* ---- what they are made of */

static int sock(int domain, int type, int protocol) {
    return socket(domain, type | SOCK_CLOEXEC, protocol);
}

static void send4(int fd) {
    sendto(fd, mark, strlen(mark), 0, (struct sockaddr *)&to4, sizeof to4);
}

static void send6(int fd) {
    sendto(fd, mark, strlen(mark), 0, (struct sockaddr *)&to6, sizeof to6);
}

static void connect4(int fd) {
    if (connect(fd, (struct sockaddr *)&to4, sizeof to4) == 0)
        (void)!write(fd, mark, strlen(mark));
}

static void connect6(int fd) {
    if (connect(fd, (struct sockaddr *)&to6, sizeof to6) == 0)
        (void)!write(fd, mark, strlen(mark));
}

static void unbind(int fd) {
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    connect(fd, &none, sizeof none);
}

/* Sends with a control message. */
static void send_with(int fd, void *to, socklen_t to_len, int level, int type, const void *data, size_t len) {
    char control[128] = {0};
    struct iovec part = {mark, strlen(mark)};
    struct msghdr message = {
        .msg_name = to, .msg_namelen = to_len, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(len)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = level;
    head->cmsg_type = type;
    head->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(head), data, len);
    sendmsg(fd, &message, 0);
}

static void pktinfo4(int fd) {
    struct in_pktinfo info = {.ipi_ifindex = out};
    send_with(fd, &to4, sizeof to4, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void pktinfo6(int fd) {
    struct in6_pktinfo info = {.ipi6_ifindex = (unsigned)out};
    send_with(fd, &to6, sizeof to6, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
}

static void to_multicast4(void) {
    inet_pton(AF_INET, "239.1.2.3", &to4.sin_addr);
}

static int bound_to_device(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, out_name, (socklen_t)strlen(out_name) + 1);
    return fd;
}

static unsigned short checksum(const void *data, size_t len) {
    const unsigned char *bytes = data;
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += (unsigned)bytes[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return htons((unsigned short)~sum);
}

/* An echo request with the mark, at buf; its length. */
static size_t echo(char *buf, int type) {
    memset(buf, 0, 8);
    buf[0] = (char)type;
    strcpy(buf + 8, mark);
    size_t len = 8 + strlen(mark);
    if (type == 8) {
        unsigned short sum = checksum(buf, len);
        memcpy(buf + 2, &sum, 2);
    }
    return len;
}

/* ---- the ways */

static void udp4(void) { send4(sock(AF_INET, SOCK_DGRAM, 0)); }
static void udp6(void) { send6(sock(AF_INET6, SOCK_DGRAM, 0)); }
static void tcp4(void) { connect4(sock(AF_INET, SOCK_STREAM, 0)); }
static void tcp6(void) { connect6(sock(AF_INET6, SOCK_STREAM, 0)); }
static void mptcp4(void) { connect4(sock(AF_INET, SOCK_STREAM, MPTCP)); }
static void mptcp6(void) { connect6(sock(AF_INET6, SOCK_STREAM, MPTCP)); }

static void mptcp_listener(void) {
    /* A subflow of its own leaves when the listener is asked to connect after being unbound. */
    int fd = sock(AF_INET, SOCK_STREAM, MPTCP);
    unbind(fd);
    connect4(fd);
}

static void disconnected4(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unbind(fd);
    send4(fd);
}

static void disconnected6(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    unbind(fd);
    send6(fd);
}

static void disconnected_tcp(void) {
    int fd = sock(AF_INET, SOCK_STREAM, 0);
    unbind(fd);
    connect4(fd);
}

static void udp_pktinfo4(void) { pktinfo4(sock(AF_INET, SOCK_DGRAM, 0)); }
static void udp_pktinfo6(void) { pktinfo6(sock(AF_INET6, SOCK_DGRAM, 0)); }

static void disconnected_pktinfo4(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unbind(fd);
    pktinfo4(fd);
}

static void sticky_pktinfo6(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    struct in6_pktinfo info = {.ipi6_ifindex = (unsigned)out};
    setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    send6(fd);
}

static void bound_link_local(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    own6.sin6_port = 0;
    bind(fd, (struct sockaddr *)&own6, sizeof own6);
    send6(fd);
}

static void bound_multicast(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_scope_id = (unsigned)out};
    inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
    bind(fd, (struct sockaddr *)&all, sizeof all);
    send6(fd);
}

static void scope_sendto(void) {
    to6 = link6;
    send6(sock(AF_INET6, SOCK_DGRAM, 0));
}

static void scope_connect(void) {
    to6 = link6;
    connect6(sock(AF_INET6, SOCK_DGRAM, 0));
}

static void scope_tcp(void) {
    to6 = link6;
    connect6(sock(AF_INET6, SOCK_STREAM, 0));
}

static void multicast_if4(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn request = {.imr_ifindex = out};
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    to_multicast4();
    send4(fd);
}

static void multicast_disconnected4(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unbind(fd);
    struct ip_mreqn request = {.imr_ifindex = out};
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    to_multicast4();
    send4(fd);
}

static void multicast_pktinfo4(void) {
    to_multicast4();
    pktinfo4(sock(AF_INET, SOCK_DGRAM, 0));
}

static void multicast_if6(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &out, sizeof out);
    inet_pton(AF_INET6, "ff05::1:3", &to6.sin6_addr);
    send6(fd);
}

static void multicast_scope6(void) {
    inet_pton(AF_INET6, "ff02::fb", &to6.sin6_addr);
    to6.sin6_scope_id = (unsigned)out;
    send6(sock(AF_INET6, SOCK_DGRAM, 0));
}

static void broadcast(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
    to4.sin_addr.s_addr = INADDR_BROADCAST;
    pktinfo4(fd);
}

static void broadcast_of_subnet(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0), one = 1;
    unbind(fd);
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
    to4.sin_addr.s_addr |= htonl(0xff);
    send4(fd);
}

static void bind_to_device(void) { send4(bound_to_device()); }

static void bind_to_ifindex(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &out, sizeof out);
    send6(fd);
}

static void bind_to_nothing(void) {
    int fd = sock(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
    connect4(fd);
}

static void bind_after_disconnect(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unbind(fd);
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, out_name, (socklen_t)strlen(out_name) + 1);
    send4(fd);
}

static void unicast_if4(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unsigned index = htonl((unsigned)out);
    setsockopt(fd, IPPROTO_IP, 50 /* IP_UNICAST_IF */, &index, sizeof index);
    send4(fd);
}

static void unicast_if6(void) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    unsigned index = htonl((unsigned)out);
    setsockopt(fd, IPPROTO_IPV6, 76 /* IPV6_UNICAST_IF */, &index, sizeof index);
    send6(fd);
}

static void mapped(void) {
    memset(&to6.sin6_addr, 0, 10);
    memset((char *)&to6.sin6_addr + 10, 0xff, 2);
    memcpy((char *)&to6.sin6_addr + 12, &to4.sin_addr, 4);
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    unbind(fd);
    send6(fd);
}

static void fast_open(void) {
    int fd = sock(AF_INET, SOCK_STREAM, 0);
    sendto(fd, mark, strlen(mark), MSG_FASTOPEN, (struct sockaddr *)&to4, sizeof to4);
}

static void source_route(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    unsigned char option[8] = {131, 7, 4};
    memcpy(option + 3, &to4.sin_addr, 4);
    setsockopt(fd, IPPROTO_IP, IP_OPTIONS, option, sizeof option);
    send4(fd);
}

static void raw4(void) {
    char packet[64];
    int fd = sock(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    size_t len = echo(packet, 8);
    struct in_pktinfo info = {.ipi_ifindex = out};
    char control[64] = {0};
    struct iovec part = {packet, len};
    to4.sin_port = 0;
    struct msghdr message = {
        .msg_name = &to4, .msg_namelen = sizeof to4, .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof info)};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = IPPROTO_IP;
    head->cmsg_type = IP_PKTINFO;
    head->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(head), &info, sizeof info);
    sendmsg(fd, &message, 0);
}

static void raw_header(void) {
    char packet[128] = {0};
    struct iphdr *ip = (struct iphdr *)packet;
    size_t len = sizeof *ip + echo(packet + sizeof *ip, 8);
    ip->version = 4;
    ip->ihl = 5;
    ip->ttl = 64;
    ip->protocol = IPPROTO_ICMP;
    ip->daddr = to4.sin_addr.s_addr;
    ip->tot_len = htons((unsigned short)len);
    int fd = sock(AF_INET, SOCK_RAW, IPPROTO_RAW);
    unbind(fd);
    to4.sin_port = 0;
    sendto(fd, packet, len, 0, (struct sockaddr *)&to4, sizeof to4);
}

static void raw6(void) {
    char packet[64];
    int fd = sock(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    size_t len = echo(packet, 128);
    to6 = link6;
    to6.sin6_port = 0;
    sendto(fd, packet, len, 0, (struct sockaddr *)&to6, sizeof to6);
}

static void packet_socket(void) {
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = out, .sll_halen = 6};
    memset(to.sll_addr, 0xff, 6);
    int fd = sock(AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
    sendto(fd, mark, strlen(mark), 0, (struct sockaddr *)&to, sizeof to);
}

static void ping4(void) {
    char packet[64];
    int fd = sock(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    unbind(fd);
    to4.sin_port = 0;
    sendto(fd, packet, echo(packet, 8), 0, (struct sockaddr *)&to4, sizeof to4);
}

static void ping6(void) {
    char packet[64];
    int fd = sock(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
    to6 = link6;
    to6.sin6_port = 0;
    sendto(fd, packet, echo(packet, 128), 0, (struct sockaddr *)&to6, sizeof to6);
}

static void udplite(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 136);
    unbind(fd);
    send4(fd);
}

static void sctp(void) { connect4(sock(AF_INET, SOCK_STREAM, IPPROTO_SCTP)); }

static void sctp_to_many(void) {
    int fd = sock(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP);
    to6 = link6;
    sendto(fd, mark, strlen(mark), 0, (struct sockaddr *)&to6, sizeof to6);
}

static void dccp(void) {
    int fd = sock(AF_INET, 6 /* SOCK_DCCP */, 33), service = (int)htonl(1);
    setsockopt(fd, 269 /* SOL_DCCP */, 2 /* DCCP_SOCKOPT_SERVICE */, &service, sizeof service);
    connect4(fd);
}

static void smc(void) { connect4(sock(AF_SMC, SOCK_STREAM, 0)); }
static void smc_protocol(void) { connect4(sock(AF_INET, SOCK_STREAM, SMC)); }

static void rds(void) {
    int fd = sock(AF_RDS, SOCK_SEQPACKET, 0);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(4000)};
    inet_pton(AF_INET, getenv("FROM4") ? getenv("FROM4") : "", &from.sin_addr);
    bind(fd, (struct sockaddr *)&from, sizeof from);
    send4(fd); /* the kernel connects to TCP port 16385 there, by a socket of its own */
    usleep(500000);
}

static void l2tp(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 115 /* IPPROTO_L2TP */);
    struct {
        unsigned short family, unused;
        struct in_addr addr;
        unsigned connection;
        char pad[4];
    } to = {AF_INET, 0, to4.sin_addr, 1, ""};
    unbind(fd);
    sendto(fd, mark, strlen(mark), 0, (struct sockaddr *)&to, sizeof to);
}

static void uring(void) {
    struct io_uring_params params = {0};
    int ring = (int)syscall(SYS_io_uring_setup, 4, &params);
    if (ring < 0)
        return;
    char *sq = mmap(NULL, params.sq_off.array + params.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    char *cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring,
                    IORING_OFF_CQ_RING);
    struct io_uring_sqe *entry =
        mmap(NULL, params.sq_entries * sizeof *entry, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    memset(entry, 0, sizeof *entry);
    entry->opcode = 45; /* IORING_OP_SOCKET, 5.19 */
    entry->fd = AF_INET;
    entry->off = SOCK_DGRAM;
    ((unsigned *)(sq + params.sq_off.array))[0] = 0;
    __atomic_store_n((unsigned *)(sq + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    int fd = ((struct io_uring_cqe *)(cq + params.cq_off.cqes))[0].res;
    if (fd >= 0) {
        unbind(fd);
        send4(fd);
    }
}

static void inherited(void) { send4(9); }

static void move_to(const char *tree) {
    char path[256];
    snprintf(path, sizeof path, "%s/cgroup.procs", tree);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    (void)!write(fd, "0", 1);
    close(fd);
}

static void other_cgroup(void) {
    move_to("/sys/fs/cgroup");
    disconnected4();
}

static void cgroup_mounted_anew(void) {
    mkdir("/tmp/anew", 0755);
    mount("none", "/tmp/anew", "cgroup2", 0, NULL);
    move_to("/tmp/anew");
    umount2("/tmp/anew", MNT_DETACH);
    disconnected4();
}

static void cgroup_of_root(void) {
    move_to("/proc/1/root/sys/fs/cgroup");
    disconnected4();
}

static void writable_again(void) {
    mount("none", "/sys/fs/cgroup", NULL, MS_REMOUNT | MS_BIND, NULL);
    move_to("/sys/fs/cgroup");
    disconnected4();
}

static void detach(void) {
    char line[256] = "", path[300];
    FILE *own = fopen("/proc/self/cgroup", "r");
    if (own == NULL || fgets(line, sizeof line, own) == NULL)
        return;
    line[strcspn(line, "\n")] = 0;
    snprintf(path, sizeof path, "/sys/fs/cgroup%s", line + 3);
    int cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (unsigned type = 0; type < 3; type++) {
        unsigned ids[64];
        union bpf_attr query = {.query = {.target_fd = (unsigned)cgroup, .attach_type = type, .prog_ids = (unsigned long)ids, .prog_cnt = 64}};
        if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query) < 0)
            continue;
        for (unsigned i = 0; i < query.query.prog_cnt; i++) {
            union bpf_attr open_it = {.prog_id = ids[i]};
            int program = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &open_it, sizeof open_it);
            union bpf_attr gone = {.target_fd = (unsigned)cgroup, .attach_bpf_fd = (unsigned)program, .attach_type = type};
            syscall(SYS_bpf, BPF_PROG_DETACH, &gone, sizeof gone);
        }
    }
    udp4();
}

static void new_route(void) {
    char command[200];
    snprintf(command, sizeof command, "ip route replace %s dev %s table 10 2>/dev/null", inet_ntoa(to4.sin_addr), out_name);
    (void)!system(command);
    udp4();
    snprintf(command, sizeof command, "ip route del %s table 10 2>/dev/null", inet_ntoa(to4.sin_addr));
    (void)!system(command);
}

static void new_rule(void) {
    (void)!system("ip rule add pref 100 table main 2>/dev/null");
    tcp4();
    (void)!system("ip rule del pref 100 2>/dev/null");
}

static void taken_from_another(void) {
    const char *holder = getenv("HOLDER");
    int process = (int)syscall(SYS_pidfd_open, holder ? atoi(holder) : 1, 0);
    send4((int)syscall(SYS_pidfd_getfd, process, 9, 0));
}

/* ---- joins: the kernel's own report has the group, and the sources */

enum place { BY_INDEX, BY_ADDRESS, BY_NOTHING };
static struct in_addr own4;

static struct in_addr group4(void) {
    char text[32];
    struct in_addr group;
    snprintf(text, sizeof text, "239.76.1.%d", number);
    inet_pton(AF_INET, text, &group);
    return group;
}

static struct in6_addr group6(void) {
    char text[32];
    struct in6_addr group;
    snprintf(text, sizeof text, "ff05::76:1:%d", number);
    inet_pton(AF_INET6, text, &group);
    return group;
}

/* With a struct ip_mreqn, or a struct ip_mreq. */
static int join4(int fd, struct in_addr group, enum place place, int option) {
    struct ip_mreqn request = {.imr_multiaddr = group};
    if (place == BY_INDEX)
        request.imr_ifindex = out;
    if (place == BY_ADDRESS)
        request.imr_address = own4;
    return setsockopt(fd, IPPROTO_IP, option, &request, place == BY_ADDRESS ? sizeof(struct ip_mreq) : sizeof request);
}

static int join_source4(int fd, struct in_addr group) {
    struct group_source_req request = {.gsr_interface = (unsigned)out};
    struct sockaddr_in *to = (struct sockaddr_in *)&request.gsr_group, *from = (struct sockaddr_in *)&request.gsr_source;
    to->sin_family = from->sin_family = AF_INET;
    to->sin_addr = group;
    memcpy(&from->sin_addr, "DATA", 4);
    return setsockopt(fd, IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, &request, sizeof request);
}

static int join_group(int fd, struct in_addr group4, const struct in6_addr *group6, int index, int option) {
    struct group_req request = {.gr_interface = (unsigned)index};
    struct sockaddr_in *to4 = (struct sockaddr_in *)&request.gr_group;
    struct sockaddr_in6 *to6 = (struct sockaddr_in6 *)&request.gr_group;
    if (group6 == NULL) {
        to4->sin_family = AF_INET;
        to4->sin_addr = group4;
    } else {
        to6->sin6_family = AF_INET6;
        to6->sin6_addr = *group6;
    }
    return setsockopt(fd, group6 == NULL ? IPPROTO_IP : IPPROTO_IPV6, option, &request, sizeof request);
}

static int join_address_source(int fd, struct in_addr group, struct in_addr interface) {
    struct ip_mreq_source request = {.imr_multiaddr = group, .imr_interface = interface};
    memcpy(&request.imr_sourceaddr, "DATA", 4);
    return setsockopt(fd, IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, &request, sizeof request);
}

static int join6(int fd, struct in6_addr group, int index, int option) {
    struct ipv6_mreq request = {.ipv6mr_multiaddr = group, .ipv6mr_interface = (unsigned)index};
    return setsockopt(fd, IPPROTO_IPV6, option, &request, sizeof request);
}

static void report(void) { usleep(600000); }

static void join_index4(void) {
    join4(sock(AF_INET, SOCK_DGRAM, 0), group4(), BY_INDEX, IP_ADD_MEMBERSHIP);
    report();
}

static void join_address4(void) {
    join4(sock(AF_INET, SOCK_DGRAM, 0), group4(), BY_ADDRESS, IP_ADD_MEMBERSHIP);
    report();
}

static void join_nothing4(void) {
    join4(sock(AF_INET, SOCK_DGRAM, 0), group4(), BY_NOTHING, IP_ADD_MEMBERSHIP);
    report();
}

static void join_mapped4(void) {
    join4(sock(AF_INET6, SOCK_DGRAM, 0), group4(), BY_INDEX, IP_ADD_MEMBERSHIP);
    report();
}

static void join_protocol4(void) {
    join_group(sock(AF_INET, SOCK_DGRAM, 0), group4(), NULL, out, MCAST_JOIN_GROUP);
    report();
}

static void join_protocol_nothing4(void) {
    join_group(sock(AF_INET, SOCK_DGRAM, 0), group4(), NULL, 0, MCAST_JOIN_GROUP);
    report();
}

static void join_protocol_source4(void) {
    join_source4(sock(AF_INET, SOCK_DGRAM, 0), group4());
    report();
}

static void join_source_by_address(void) {
    join_address_source(sock(AF_INET, SOCK_DGRAM, 0), group4(), own4);
    report();
}

static void join_source_by_nothing(void) {
    join_address_source(sock(AF_INET, SOCK_DGRAM, 0), group4(), (struct in_addr){0});
    report();
}

static void join_index6(void) {
    join6(sock(AF_INET6, SOCK_DGRAM, 0), group6(), out, IPV6_JOIN_GROUP);
    report();
}

static void join_protocol6(void) {
    struct in6_addr group = group6();
    join_group(sock(AF_INET6, SOCK_DGRAM, 0), own4, &group, out, MCAST_JOIN_GROUP);
    report();
}

static void join_protocol_source6(void) {
    struct group_source_req request = {.gsr_interface = (unsigned)out};
    struct sockaddr_in6 *to = (struct sockaddr_in6 *)&request.gsr_group, *from = (struct sockaddr_in6 *)&request.gsr_source;
    to->sin6_family = from->sin6_family = AF_INET6;
    to->sin6_addr = group6();
    memcpy(&from->sin6_addr, " SIXTEEN BYTES. ", 16);
    setsockopt(sock(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, MCAST_JOIN_SOURCE_GROUP, &request, sizeof request);
    report();
}

/* Another thread changes the index while the kernel reads it. */
static void join_racing(void) {
    struct ip_mreqn *request = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int own = (int)if_nametoindex(getenv("OWN") ? getenv("OWN") : "");
    request->imr_multiaddr = group4();
    request->imr_ifindex = own;
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            *(volatile int *)&request->imr_ifindex ^= own ^ out;
    }
    for (int n = 0; n < 20000; n++) {
        int fd = sock(AF_INET, SOCK_DGRAM, 0);
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, request, sizeof *request);
        close(fd);
    }
    kill(child, SIGKILL);
}

/* By a system call of i386, which a program of 64 bits can make, too. */
static void join_by_32_bits(void) {
#ifdef __x86_64__
    struct ip_mreqn *request = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    long answer = 366; /* setsockopt */
    request->imr_multiaddr = group4();
    request->imr_ifindex = out;
    __asm__ volatile("int $0x80"
                     : "+a"(answer)
                     : "b"((long)sock(AF_INET, SOCK_DGRAM, 0)), "c"((long)IPPROTO_IP), "d"((long)IP_ADD_MEMBERSHIP), "S"(request),
                       "D"(sizeof *request)
                     : "memory", "r8", "r9", "r10", "r11");
    report();
#endif
}

/* ---- packets that the kernel copies for this machine itself */

static int other; /* an interface of another VRF */

static void loop_other_vrf(void) {
    out = other;
    multicast_disconnected4();
}

static void loop_other_vrf_pktinfo(void) {
    out = other;
    multicast_pktinfo4();
}

static void loop_bound_again(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn request = {.imr_ifindex = out};
    const char *vrf = getenv("VRF") ? getenv("VRF") : "";
    unbind(fd);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, vrf, (socklen_t)strlen(vrf) + 1);
    to_multicast4();
    send4(fd);
}

static void loop_connected(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0);
    struct ip_mreqn request = {.imr_ifindex = out};
    unbind(fd);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    to_multicast4();
    connect4(fd);
}

static void loop_mapped(int is_connected) {
    int fd = sock(AF_INET6, SOCK_DGRAM, 0);
    struct ip_mreqn request = {.imr_ifindex = out};
    unbind(fd);
    setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &request, sizeof request);
    inet_pton(AF_INET6, "::ffff:239.1.2.3", &to6.sin6_addr);
    if (is_connected)
        connect6(fd);
    else
        send6(fd);
}

static void loop_mapped_sent(void) { loop_mapped(0); }
static void loop_mapped_connected(void) { loop_mapped(1); }

static void broadcast_to_all(int is_connected) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
    unbind(fd);
    to4.sin_addr.s_addr = INADDR_BROADCAST;
    if (is_connected)
        connect4(fd);
    else
        send4(fd);
}

static void broadcast_sent(void) { broadcast_to_all(0); }
static void broadcast_connected(void) { broadcast_to_all(1); }

static void subnet_connected(void) {
    int fd = sock(AF_INET, SOCK_DGRAM, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof one);
    unbind(fd);
    to4.sin_addr.s_addr |= htonl(0xff);
    connect4(fd);
}

static void user_namespace(void) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP) < 0)
        return;
    send4(bound_to_device());
}

static void kernels_helper(void) {
    int fd = open("/proc/sys/kernel/core_pattern", O_RDWR | O_CLOEXEC);
    char before[128] = "core", after[256];
    ssize_t len = read(fd, before, sizeof before - 1);
    int size = snprintf(after, sizeof after, "|/usr/bin/escape helper %s %d", inet_ntoa(to4.sin_addr), number);
    lseek(fd, 0, SEEK_SET);
    (void)!write(fd, after, (size_t)size);
    if (fork() == 0) {
        prctl(PR_SET_DUMPABLE, 1);
        struct rlimit_ { unsigned long long now, most; } none = {1 << 20, 1 << 20};
        syscall(SYS_prlimit64, 0, 4 /* RLIMIT_CORE */, &none, NULL);
        abort();
    }
    wait(NULL);
    usleep(300000);
    lseek(fd, 0, SEEK_SET);
    (void)!write(fd, before, len > 0 ? (size_t)len : 4);
}

static const struct {
    const char *name;
    void (*go)(void);
    int root; /* nobody else can even try */
} ways[] = {
    {"UDP", udp4, 0},
    {"UDP over IPv6", udp6, 0},
    {"TCP", tcp4, 0},
    {"TCP over IPv6", tcp6, 0},
    {"TCP fast open", fast_open, 0},
    {"MPTCP", mptcp4, 0},
    {"MPTCP over IPv6", mptcp6, 0},
    {"MPTCP, connect(AF_UNSPEC) first", mptcp_listener, 0},
    {"UDP, connect(AF_UNSPEC) first", disconnected4, 0},
    {"UDP over IPv6, connect(AF_UNSPEC) first", disconnected6, 0},
    {"TCP, connect(AF_UNSPEC) first", disconnected_tcp, 0},
    {"UDP, IP_PKTINFO", udp_pktinfo4, 0},
    {"UDP, IP_PKTINFO after connect(AF_UNSPEC)", disconnected_pktinfo4, 0},
    {"UDP, IPV6_PKTINFO", udp_pktinfo6, 0},
    {"UDP, IPV6_PKTINFO as an option", sticky_pktinfo6, 0},
    {"UDP bound to fe80::…%other", bound_link_local, 0},
    {"UDP bound to ff02::1%other", bound_multicast, 0},
    {"UDP to fe80::…%other", scope_sendto, 0},
    {"UDP connected to fe80::…%other", scope_connect, 0},
    {"TCP to fe80::…%other", scope_tcp, 0},
    {"multicast, IP_MULTICAST_IF", multicast_if4, 0},
    {"multicast, IP_MULTICAST_IF after connect(AF_UNSPEC)", multicast_disconnected4, 0},
    {"multicast, IP_PKTINFO", multicast_pktinfo4, 0},
    {"multicast, IPV6_MULTICAST_IF", multicast_if6, 0},
    {"multicast to ff02::fb%other", multicast_scope6, 0},
    {"broadcast, IP_PKTINFO", broadcast, 0},
    {"broadcast of the subnet, connect(AF_UNSPEC) first", broadcast_of_subnet, 0},
    {"SO_BINDTODEVICE", bind_to_device, 0},
    {"SO_BINDTOIFINDEX", bind_to_ifindex, 0},
    {"SO_BINDTODEVICE to nothing", bind_to_nothing, 0},
    {"SO_BINDTODEVICE after connect(AF_UNSPEC)", bind_after_disconnect, 0},
    {"IP_UNICAST_IF", unicast_if4, 0},
    {"IPV6_UNICAST_IF", unicast_if6, 0},
    {"IPv4-mapped address, connect(AF_UNSPEC) first", mapped, 0},
    {"IP_OPTIONS, source route", source_route, 0},
    {"ping socket, connect(AF_UNSPEC) first", ping4, 0},
    {"ping socket to fe80::…%other", ping6, 0},
    {"UDP-Lite, connect(AF_UNSPEC) first", udplite, 0},
    {"SCTP", sctp, 0},
    {"SCTP to fe80::…%other", sctp_to_many, 0},
    {"DCCP", dccp, 0},
    {"AF_SMC", smc, 0},
    {"IPPROTO_SMC", smc_protocol, 0},
    {"AF_RDS", rds, 0},
    {"io_uring's socket, connect(AF_UNSPEC) first", uring, 0},
    {"inherited descriptor", inherited, 0},
    {"user namespace, then SO_BINDTODEVICE", user_namespace, 0},
    {"report: IP_ADD_MEMBERSHIP by index", join_index4, 0},
    {"report: IP_ADD_MEMBERSHIP by address", join_address4, 0},
    {"report: IP_ADD_MEMBERSHIP by index 0", join_nothing4, 0},
    {"report: IP_ADD_MEMBERSHIP of an IPv6 socket", join_mapped4, 0},
    {"report: IP_ADD_SOURCE_MEMBERSHIP by address", join_source_by_address, 0},
    {"report: IP_ADD_SOURCE_MEMBERSHIP by no address", join_source_by_nothing, 0},
    {"report: MCAST_JOIN_GROUP", join_protocol4, 0},
    {"report: MCAST_JOIN_GROUP by index 0", join_protocol_nothing4, 0},
    {"report: MCAST_JOIN_SOURCE_GROUP", join_protocol_source4, 0},
    {"report: IPV6_JOIN_GROUP", join_index6, 0},
    {"report: MCAST_JOIN_GROUP, IPv6", join_protocol6, 0},
    {"report: MCAST_JOIN_SOURCE_GROUP, IPv6", join_protocol_source6, 0},
    {"report: an index changed meanwhile", join_racing, 0},
    {"report: a system call of i386", join_by_32_bits, 0},
    {"loop copy in another VRF, connect(AF_UNSPEC) first", loop_other_vrf, 0},
    {"loop copy in another VRF, IP_PKTINFO", loop_other_vrf_pktinfo, 0},
    {"loop copy, freed and bound again", loop_bound_again, 0},
    {"loop copy, freed and connected", loop_connected, 0},
    {"loop copy, IPv4-mapped", loop_mapped_sent, 0},
    {"loop copy, IPv4-mapped and connected", loop_mapped_connected, 0},
    {"broadcast, connect(AF_UNSPEC) first", broadcast_sent, 0},
    {"broadcast, freed and connected", broadcast_connected, 0},
    {"broadcast of the subnet, freed and connected", subnet_connected, 0},
    {"raw ICMP, IP_PKTINFO", raw4, 1},
    {"raw IP, connect(AF_UNSPEC) first", raw_header, 1},
    {"raw ICMPv6 to fe80::…%other", raw6, 1},
    {"L2TP over IP, connect(AF_UNSPEC) first", l2tp, 1},
    {"AF_PACKET", packet_socket, 1},
    {"into another cgroup", other_cgroup, 1},
    {"into another cgroup, by a new mount", cgroup_mounted_anew, 1},
    {"into another cgroup, by /proc/1/root", cgroup_of_root, 1},
    {"into another cgroup, mounted read-write again", writable_again, 1},
    {"BPF_PROG_DETACH", detach, 1},
    {"a route in the VRF's table", new_route, 1},
    {"a rule before the VRF's", new_rule, 1},
    {"another process's socket (pidfd_getfd)", taken_from_another, 1},
    {"a helper of the kernel (core_pattern)", kernels_helper, 1},
};

static void set(const char *variable, int family, void *to) {
    const char *value = getenv(variable);
    if (value == NULL || inet_pton(family, value, to) != 1) {
        fprintf(stderr, "escape: %s is missing or no address\n", variable);
        exit(2);
    }
}

static void prepare(int n) {
    number = n;
    snprintf(mark, sizeof mark, "ESC%02d.", n);
    unsigned short port = htons((unsigned short)(20000 + n));
    out_name = getenv("OUT") ? getenv("OUT") : "";
    out = (int)if_nametoindex(out_name);
    to4.sin_family = AF_INET;
    to6.sin6_family = link6.sin6_family = own6.sin6_family = AF_INET6;
    to4.sin_port = to6.sin6_port = link6.sin6_port = port;
    link6.sin6_scope_id = own6.sin6_scope_id = (unsigned)out;
    set("TO4", AF_INET, &to4.sin_addr);
    set("TO6", AF_INET6, &to6.sin6_addr);
    set("LINK6", AF_INET6, &link6.sin6_addr);
    set("OWN6", AF_INET6, &own6.sin6_addr);
    set("FROM4", AF_INET, &own4);
    other = (int)if_nametoindex(getenv("OTHER") ? getenv("OTHER") : "");
}

static pid_t begin(int n) {
    pid_t child = fork();
    if (child == 0) {
        setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {1, 200000}}, NULL);
        prepare(n);
        ways[n].go();
        _exit(0);
    }
    return child;
}

static void try(int n) {
    waitpid(begin(n), NULL, 0);
}

/* Those of root change what the others find, and each other; the rest wait beside each other. */
static void all(void) {
    for (int n = 0; n < LENGTH(ways); n++)
        if (!ways[n].root)
            begin(n);
    while (wait(NULL) > 0) {
    }
    for (int n = 0; n < LENGTH(ways); n++)
        if (ways[n].root)
            try(n);
}

/* ---- the way in */

static void serve(int fd, int is_stream) {
    for (;;) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        char buf[64];
        if (is_stream) {
            int client = accept(fd, NULL, NULL);
            (void)!write(client, "inside\n", 7);
            close(client);
        } else if (recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&from, &len) >= 0) {
            printf("heard\n");
            fflush(stdout);
            sendto(fd, "inside\n", 7, 0, (struct sockaddr *)&from, len);
        }
    }
}

static int answer(const char *kind, int port) {
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
    int freed = strncmp(kind, "freed-", 6) == 0;
    kind += freed ? 6 : 0;
    int is_stream = strstr(kind, "tcp") != NULL;
    int fd = sock(AF_INET6, is_stream ? SOCK_STREAM : SOCK_DGRAM, strcmp(kind, "mptcp") == 0 ? MPTCP : 0);
    if (fd < 0 && (errno == EPROTONOSUPPORT || errno == EPERM))
        fd = sock(AF_INET6, SOCK_STREAM, 0);
    if (freed)
        unbind(fd);
    if (strcmp(kind, "group") == 0) {
        struct if_nameindex *all = if_nameindex();
        for (struct if_nameindex *one = all; one != NULL && one->if_index != 0; one++) {
            struct ipv6_mreq request6 = {.ipv6mr_interface = one->if_index};
            struct ip_mreqn request4 = {.imr_ifindex = (int)one->if_index};
            inet_pton(AF_INET6, "ff02::76:6c", &request6.ipv6mr_multiaddr);
            inet_pton(AF_INET, "239.1.2.4", &request4.imr_multiaddr);
            setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request6, sizeof request6);
            setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request4, sizeof request4);
        }
    }
    if (bind(fd, (struct sockaddr *)&any, sizeof any) < 0 || (is_stream && listen(fd, 8) < 0)) {
        perror("escape");
        return 1;
    }
    serve(fd, is_stream);
    return 0;
}

/* Every number has a socket of its own. */
static int ear(const char *interface, int is_bound) {
    struct pollfd sockets[LENGTH(ways)];
    struct ip_mreqn request = {.imr_ifindex = (int)if_nametoindex(interface)};
    for (int n = 0; n < LENGTH(ways); n++) {
        struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((unsigned short)(20000 + n))};
        sockets[n] = (struct pollfd){.fd = sock(AF_INET, SOCK_DGRAM, 0), .events = POLLIN};
        if (is_bound)
            setsockopt(sockets[n].fd, SOL_SOCKET, SO_BINDTODEVICE, interface, (socklen_t)strlen(interface) + 1);
        if (bind(sockets[n].fd, (struct sockaddr *)&any, sizeof any) < 0) {
            perror("escape");
            return 1;
        }
    }
    inet_pton(AF_INET, "239.1.2.3", &request.imr_multiaddr);
    if (setsockopt(sockets[0].fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) < 0)
        perror("escape");
    printf("listening\n");
    for (;;) {
        fflush(stdout);
        poll(sockets, LENGTH(ways), -1);
        for (int n = 0; n < LENGTH(ways); n++) {
            char buf[64];
            if (sockets[n].revents != 0 && recv(sockets[n].fd, buf, sizeof buf, MSG_DONTWAIT) >= 0)
                printf("%02d\n", n);
        }
    }
}

static void router_options(void) {
    int fd = sock(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), group = RTNLGRP_ND_USEROPT;
    struct sockaddr_nl own = {.nl_family = AF_NETLINK};
    char buf[4096];
    bind(fd, (struct sockaddr *)&own, sizeof own); /* without an address of its own it is sent nothing */
    if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
        printf("%s\n", strerror(errno));
    printf("listening\n");
    fflush(stdout);
    for (;;) {
        ssize_t len = recv(fd, buf, sizeof buf, 0);
        if (len > 0 && memmem(buf, (size_t)len, "ESC", 3) != NULL)
            printf("heard\n");
        fflush(stdout);
    }
}

static int advertise(const char *interface) {
    struct {
        struct nd_router_advert head;
        unsigned char kind, length;
        unsigned short unused;
        unsigned lifetime;
        char server[16];
    } message = {.head = {.nd_ra_type = ND_ROUTER_ADVERT, .nd_ra_curhoplimit = 64}, .kind = 25, .length = 3, .lifetime = htonl(600), .server = "ESC"};
    struct sockaddr_in6 all = {.sin6_family = AF_INET6, .sin6_scope_id = if_nametoindex(interface)};
    int fd = sock(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), hops = 255;
    inet_pton(AF_INET6, "ff02::1", &all.sin6_addr);
    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops);
    return sendto(fd, &message, sizeof message, 0, (struct sockaddr *)&all, sizeof all) < 0;
}

/* Joins, says how that went, and leaves again by the same request when it is told to. */
static int join(const char *kind, const char *interface) {
    struct in_addr group, none = {0};
    struct in6_addr group_six;
    int done = -1, fd = sock(kind[strlen(kind) - 1] == '6' || kind[0] == 'a' ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, "239.76.2.1", &group);
    inet_pton(AF_INET6, kind[0] == 'a' ? "fd20::76:2:1" : "ff05::76:2:1", &group_six);
    enum place place = inet_pton(AF_INET, interface, &own4) == 1 ? BY_ADDRESS : strcmp(interface, "-") == 0 ? BY_NOTHING : BY_INDEX;
    out = (int)if_nametoindex(interface);
    for (int leaving = 0; leaving < 2; leaving++) {
        if (strcmp(kind, "mreqn") == 0)
            done = join4(fd, group, place, leaving ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP);
        else if (strcmp(kind, "mreq") == 0) {
            struct ip_mreq request = {.imr_multiaddr = group, .imr_interface = place == BY_ADDRESS ? own4 : none};
            done = setsockopt(fd, IPPROTO_IP, leaving ? IP_DROP_MEMBERSHIP : IP_ADD_MEMBERSHIP, &request, sizeof request);
        } else if (strcmp(kind, "source") == 0)
            done = join_address_source(fd, group, place == BY_ADDRESS ? own4 : none);
        else if (strcmp(kind, "group4") == 0)
            done = join_group(fd, group, NULL, out, leaving ? MCAST_LEAVE_GROUP : MCAST_JOIN_GROUP);
        else if (strcmp(kind, "group6") == 0)
            done = join_group(fd, group, &group_six, out, leaving ? MCAST_LEAVE_GROUP : MCAST_JOIN_GROUP);
        else if (strcmp(kind, "mreq6") == 0)
            done = join6(fd, group_six, out, leaving ? IPV6_LEAVE_GROUP : IPV6_JOIN_GROUP);
        else if (strcmp(kind, "anycast") == 0)
            done = join6(fd, group_six, out, leaving ? IPV6_LEAVE_ANYCAST : IPV6_JOIN_ANYCAST);
        printf("%s\n", done < 0 ? strerror(errno) : leaving ? "left" : "joined");
        fflush(stdout);
        if (!leaving)
            usleep(700000);
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "list") == 0) {
        for (int n = 0; n < LENGTH(ways); n++)
            printf("%02d %s\t%s\n", n, ways[n].root ? "root" : "any", ways[n].name);
    } else if (strcmp(what, "all") == 0) {
        all();
    } else if (strcmp(what, "try") == 0 && argc > 2 && atoi(argv[2]) < LENGTH(ways)) {
        try(atoi(argv[2]));
    } else if (strcmp(what, "hold") == 0 && argc > 2) {
        dup2(socket(AF_INET, SOCK_DGRAM, 0), 9);
        execvp(argv[2], argv + 2);
        return 127;
    } else if (strcmp(what, "holder") == 0) {
        dup2(socket(AF_INET, SOCK_DGRAM, 0), 9);
        pause();
    } else if (strcmp(what, "listen") == 0 && argc > 3) {
        return answer(argv[2], atoi(argv[3]));
    } else if (strcmp(what, "ear") == 0 && argc > 2) {
        return ear(argv[2], argc > 3);
    } else if (strcmp(what, "options") == 0) {
        router_options();
    } else if (strcmp(what, "advertise") == 0 && argc > 2) {
        return advertise(argv[2]);
    } else if (strcmp(what, "long") == 0) {
        static char large[8192]; /* two pages */
        int fd = sock(AF_INET, SOCK_DGRAM, 0);
        printf("%s\n", setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, large, 2) < 0 ? strerror(errno) : "0");
        printf("%s\n", setsockopt(fd, SOL_SOCKET, SO_RCVBUF, large, sizeof large) < 0 ? strerror(errno) : "0");
    } else if (strcmp(what, "join") == 0 && argc > 3) {
        return join(argv[2], argv[3]);
    } else if (strcmp(what, "helper") == 0 && argc > 3) {
        /* Run by the kernel. */
        to4.sin_family = AF_INET;
        inet_pton(AF_INET, argv[2], &to4.sin_addr);
        to4.sin_port = htons((unsigned short)(20000 + atoi(argv[3])));
        snprintf(mark, sizeof mark, "ESC%02d.", atoi(argv[3]));
        udp4();
    } else {
        fprintf(stderr, "escape: see the head of its source\n");
        return 2;
    }
    return 0;
}

#!/bin/sh
# What launching and being in a VRF costs, by each way there is. Figures are lines "# figure TABLE ROW VALUE".
#
#   far  10.0.0.1 ── eth0, a member of mgmt    eth1, of no VRF ── near  10.0.1.1
# kernels: debian-6.1
# modules: vrf nf_tables nft_compat xt_owner xt_cgroup nf_reject_ipv4 nft_reject_ipv4
# timeout: 1200
far far eth0 10.0.0.1/24
far near eth1 10.0.1.1/24
ip link add mgmt type vrf table 10
ip link set mgmt up
ip link set eth0 master mgmt
for pair in eth0=10.0.0.2/24 eth1=10.0.1.2/24; do
    ip link set "${pair%=*}" up
    ip addr add "${pair#*=}" dev "${pair%=*}"
done
for family in 4 6; do
    ip -$family rule add pref 2000 l3mdev unreachable
    ip -$family rule add pref 32765 table local
    ip -$family rule del pref 0
done
# A namespace of its own, reached by a veth pair: the other way to give a service a network.
ip netns add own
ip link add eth2 type veth peer name eth2 netns own
ip addr add 10.0.2.2/24 dev eth2
ip link set eth2 up
on own ip link set lo up
on own ip link set eth2 up
on own ip addr add 10.0.2.3/24 dev eth2
on own ip route add default via 10.0.2.2
sysctl -qw net.ipv4.ip_forward=1
on near ip route add 10.0.2.0/24 via 10.0.1.2
for host in far near; do
    background ip netns exec $host costs serve
    # shellcheck disable=SC2154 # made by background
    soon grep -q ready "$log" || fail "no server on $host"
done
export pids='' # they stay for all cases

# figure TABLE ROW COMMAND...: the median of three rounds
figure() {
    table=$1 row=$2
    shift 2
    values=$(for _ in 1 2 3; do "$@" 2>/tmp/said || cat /tmp/said; done | sort -n | tr '\n' ' ')
    # shellcheck disable=SC2086 # words
    set -- $values
    match "$table of $row" "$*" '^[0-9]+ [0-9]+ [0-9]+$'
    echo "# figure $table|$row|$1 $2 $3"
}

case_ launch
n=40
figure launch 'fork and exec' costs launch $n /busybox/true
figure launch 'setpriv, the least that a chain loader does' costs launch $n setpriv --no-new-privs /busybox/true
for level in bind guard strict; do
    figure launch "vrf-launch, $level" costs launch $n /vrf-launch --isolation $level mgmt -- /busybox/true
done
figure launch 'vrf-launch, --bind seccomp' costs launch $n /vrf-launch --bind seccomp mgmt -- /busybox/true
figure launch 'ip vrf exec' costs launch $n ip vrf exec mgmt /busybox/true
figure launch 'ip netns exec' costs launch $n ip netns exec own /busybox/true

case_ launch_with_favordynmods
# Nobody waits for a grace period of RCU then.
mount -o remount,favordynmods /sys/fs/cgroup
figure 'launch, cgroup2 mounted with favordynmods' 'fork and exec' costs launch $n /busybox/true
for level in bind guard strict; do
    figure 'launch, cgroup2 mounted with favordynmods' "vrf-launch, $level" costs launch $n /vrf-launch --isolation $level mgmt -- /busybox/true
done
figure 'launch, cgroup2 mounted with favordynmods' 'ip vrf exec' costs launch $n ip vrf exec mgmt /busybox/true

case_ data_path
for operation in socket:3000 udp:2000 tcp:400 bulk:4000; do
    what=${operation%:*} n=${operation#*:}
    figure "$what" 'no VRF' costs "$what" "$n" 10.0.1.1
    figure "$what" 'ip vrf exec' ip vrf exec mgmt costs "$what" "$n" 10.0.0.1
    for level in bind guard strict; do
        figure "$what" "vrf-launch, $level" /vrf-launch --isolation $level mgmt -- costs "$what" "$n" 10.0.0.1
    done
    figure "$what" 'vrf-launch, --bind seccomp' /vrf-launch --bind seccomp mgmt -- costs "$what" "$n" 10.0.0.1
    figure "$what" 'network namespace and veth' ip netns exec own costs "$what" "$n" 10.0.1.1
done

case_ set_up
# A batch has one family.
cat >/tmp/batch4 <<'EOF2'
link add vrf-management type vrf table 1
link set dev vrf-management up
rule add pref 32765 table local
rule del pref 0
rule add pref 2000 l3mdev unreachable
addr add 127.0.0.1/8 dev vrf-management
addr add ::1/128 dev vrf-management nodad
link set dev eth9 up
addr add 10.20.30.40/24 dev eth9
route add default via 10.20.30.1 dev eth9 metric 1 onlink
route add 10.20.30.0/24 dev eth9 table 1
EOF2
grep rule /tmp/batch4 >/tmp/batch6
{
    sed 's/^/ip /' /tmp/batch4
    sed 's/^/ip -6 /' /tmp/batch6
} >/tmp/script
sed 's/eth0/eth9/' /test/interfaces.seed >/tmp/seed
# fresh COMMAND...: the time of COMMAND in a new namespace
cat >/tmp/fresh <<'EOF2'
#!/bin/sh
ip netns add fresh
ip -n fresh link add eth9 type dummy
rm -rf /run/vrf-launch
ip netns exec fresh costs once "$@"
ip netns del fresh
EOF2
chmod +x /tmp/fresh
figure 'set-up of the seed' 'vrf-launch up' /tmp/fresh /vrf-launch -c /tmp/seed up
figure 'set-up of the seed' 'ip -batch, once for each family' /tmp/fresh sh -c 'ip -batch /tmp/batch4 && ip -6 -batch /tmp/batch6'
figure 'set-up of the seed' 'a shell script of ip commands' /tmp/fresh sh /tmp/script

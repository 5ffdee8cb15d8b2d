#!/bin/sh
# `up` of a VRF that shares an interface is killed at some of its system calls that change something, and the next `up` and
# `down` end in the same states.
# kernels: debian-6.1
# modules: vrf sch_ingress cls_bpf
# timeout: 120
far lan eth0 10.20.30.1/24 fd20::1/64
ip link add probe type vrf table 99
ip link del probe
cat >/tmp/conf <<'EOF2'
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
auto mgmt
iface mgmt
    vrf-table 10
    vrf-shared eth0
    vrf-route 10.20.30.0/24 dev eth0
    vrf-route fd20::/64 dev eth0
EOF2
# What `up` may have touched, without numbers that the kernel gives.
all() {
    state
    tc -j qdisc show dev eth0
    tc -j filter show dev eth0 ingress | sed 's/"id":[0-9]*//; s/"jited":[a-z]*//; s/vlshar_[0-9a-f]*//g; s/"handle":"0x[0-9a-f]*"//; s/"tag":"[0-9a-f]*"//'
    sysctl net.ipv4.tcp_l3mdev_accept net.ipv4.udp_l3mdev_accept
}
calls=sendto,sendmsg,write,unlinkat,bpf
ip link set eth0 up
ip link set eth0 down
sleep 1
all >/tmp/before
/vrf-launch -c /tmp/conf up
sleep 1
all >/tmp/up
/vrf-launch -c /tmp/conf down
is() {
    all >/tmp/now
    cmp -s "$1" /tmp/now
}

case_ up_and_down_after_kill_converge
expect 'down restores' soon is /tmp/before
n=1
while [ $n -lt 100 ]; do
    strace -o /tmp/trace -e "inject=$calls:signal=KILL:when=$n" /vrf-launch -c /tmp/conf up >/tmp/said 2>&1
    grep -q 'killed by SIGKILL' /tmp/trace || break
    run /vrf-launch -c /tmp/conf up
    equal "up after a kill at call $n" "$status$out$err" 0 || break
    soon is /tmp/up || {
        fail "the state of up after a kill at call $n"
        diff /tmp/up /tmp/now | shown
    }
    run /vrf-launch -c /tmp/conf down
    equal "down after a kill at call $n" "$status$out$err" 0 || break
    soon is /tmp/before || {
        fail "the state of down after a kill at call $n"
        diff /tmp/before /tmp/now | shown
    }
    n=$((n + 3))
done
echo "# killed up to call $((n - 3))"
expect 'it was killed at all' test "$n" -gt 20
expect 'there was an end to it' test "$n" -lt 100

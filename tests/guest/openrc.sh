#!/bin/sh
# A real Alpine without iproute2: OpenRC brings VRFs up and starts services in them, by `vrf=` in their conf.d files, beside its
# own ifupdown-ng, which brings up the rest.
#
#   lan  10.20.30.1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1
# kernels: alpine-6.18
# setup: openrc.setup
# timeout: 150
on() {
    host_=$1
    shift
    /test/bin/ip netns exec "$host_" "$@"
}
# pid_of COMMAND: the process with that command line, an extended regular expression
pid_of() {
    soon pgrep -x -f "$1" >/tmp/said || fail "no process $1"
    pgrep -x -f "$1" | head -n 1
}
vrf_of() {
    vrf-launch identify "$(pid_of "$1")"
}
in_ssh() {
    on "$1" /test/bin/ssh -F none -i /test/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
        -o LogLevel=ERROR -o ConnectTimeout=10 root@"$2" "$3"
}
banner() {
    on "$1" nc -w "$3" "$2" 22 </dev/null 2>/tmp/said | head -n 1
}
hears() {
    banner lan 10.20.30.40 20 | grep -q '^SSH-2.0-OpenSSH'
}
answers() {
    expect "it answers, $1" soon hears
    equal "its VRF, $1" "$(vrf-launch identify "$(cat /run/sshd.pid)")" mgmt
}

case_ interfaces_are_up
expect 'OpenRC says so' rc-service vrf-launch status
refuse 'there is no iproute2' test -e /sbin/ip.iproute2 -o -e /usr/sbin/ip
equal 'the member' "$(readlink /sys/class/net/eth0/master)" ../mgmt
expect 'the rest is up, by ifupdown-ng' rc-service networking status
match 'its address' "$(ip addr show dev eth1)" 'inet 203.0.113.40/24'
match 'its route' "$(ip route)" 'default via 203.0.113.1 dev eth1'
expect 'and works' ping -q -c 1 -W 5 203.0.113.1

case_ sshd_answers_from_its_vrf
expect 'OpenRC says it runs' rc-service sshd status
run in_ssh lan 10.20.30.40 'echo hello; vrf-launch identify $$; ping -c 1 -W 1 203.0.113.1'
match 'a login from the management LAN' "$out" 'hello'
match 'in the VRF' "$out" 'mgmt'
match 'it cannot leave' "$out$err" 'unreachable'
for address in 10.20.30.40 203.0.113.40; do
    equal "nobody else is answered, $address" "$(banner net $address 3)" ''
done
expect 'reload' rc-service sshd reload
answers 'after a reload'
before=$(cat /run/sshd.pid)
expect 'restart' rc-service sshd restart
refuse 'another process' test "$(cat /run/sshd.pid)" = "$before"
answers 'after a restart'
expect 'stop' rc-service sshd stop
refuse 'it is gone' test -d "/proc/$before"

case_ a_start_of_its_own
equal 'the VRF' "$(vrf_of 'nc -lk -p 80 -e /bin/echo own')" mgmt
equal 'it answers' "$(on lan nc -w 5 10.20.30.40 80 </dev/null)" own
equal 'and nobody else' "$(on net nc -w 5 203.0.113.40 80 </dev/null 2>/tmp/said)" ''
equal 'interfaces were up when it started' "$(cat /run/own.eth0)" up
expect 'stop' rc-service own stop

case_ supervise_daemon_stays_in_it
equal 'the VRF' "$(vrf_of '/bin/sleep 10003')" mgmt
before=$(pid_of '/bin/sleep 10003')
kill -9 "$before"
again() { [ "$(pid_of '/bin/sleep 10003')" != "$before" ]; }
expect 'again' soon again
equal 'the VRF still' "$(vrf_of '/bin/sleep 10003')" mgmt
expect 'stop' rc-service supervised stop

case_ without_vrf_in_none
equal 'the VRF' "$(vrf_of '/bin/sleep 10002')" ''

case_ vrf_alone_by_the_link
ln -s /usr/sbin/vrf-launch /bin/ip
expect 'start' rc-service linked start
equal 'the VRF' "$(vrf_of '/bin/sleep 10001')" mgmt
expect 'stop' rc-service linked stop
match 'busybox does the rest' "$(ip neigh show dev eth0; ip link show dev eth1)" 'eth1'

case_ stop_takes_the_vrf_away
expect 'stop' rc-service vrf-launch stop
refuse 'it is gone' test -d /sys/class/net/mgmt
expect 'the rest is not touched' ping -q -c 1 -W 5 203.0.113.1

case_ ifupdown_ng_without_iproute2
ln -sf /usr/sbin/vrf-launch /sbin/ip # where its scripts look first
cat >/tmp/interfaces <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto lan0
iface lan0
    link-type dummy
    address 10.20.31.40/24
    gateway 10.20.31.1
    vrf-member mgmt
END
expect 'ifup' ifup -i /tmp/interfaces -S /tmp/ifstate -a
equal 'its master' "$(readlink /sys/class/net/lan0/master)" ../mgmt
match 'its address' "$(ip addr show dev lan0)" 'inet 10.20.31.40/24'
match 'its gateway' "$(/test/bin/ip route show vrf mgmt)" 'default via 10.20.31.1 dev lan0'
match 'the rules' "$(/test/bin/ip -6 rule)" 'l3mdev.* unreachable'
expect 'ifdown' ifdown -i /tmp/interfaces -S /tmp/ifstate -a
refuse 'the VRF is gone' test -d /sys/class/net/mgmt

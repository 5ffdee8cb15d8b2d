#!/bin/sh
# One network card, which a VRF shares with programs outside: both reach the LAN and are reached from there, and only those
# outside the rest of the world.
#
#   lan  10.20.30.1 fd20::1, a router ── eth0 (main; shared with mgmt)      lan ── net  8.8.8.8 2001:4860:4860::8888
# modules: vrf sch_ingress cls_bpf cls_flower act_mirred act_gact
# timeout: 300
far lan eth0 10.20.30.1/24 fd20::1/64
ip netns add net
ip link add link0 netns lan type veth peer name link0 netns net
on lan ip addr add 192.0.2.1/24 dev link0
on lan ip -6 addr add 2001:db8::1/64 dev link0
on lan ip link set link0 up
on lan ip route add 8.8.8.8 via 192.0.2.2
on lan ip -6 route add 2001:4860:4860::8888 via 2001:db8::2
on lan sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on net ip link set lo up
on net ip link set link0 up
for address in 192.0.2.2/24 8.8.8.8/32 2001:db8::2/64 2001:4860:4860::8888/128; do
    on net ip addr add $address dev link0
done
on net ip route add default via 192.0.2.1
on net ip -6 route add default via 2001:db8::1
# As Alpine has it.
sysctl -qw net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1

conf() {
    cat <<EOF2
auto eth0
iface eth0
    address 10.20.30.$1/24
    gateway 10.20.30.1
    address fd20::$1/64
    gateway fd20::1
auto mgmt
iface mgmt
    vrf-table 10
    vrf-route 10.20.30.0/24 dev eth0
    post-up ip -6 route add fd20::/64 dev eth0 table 10
    $2
EOF2
}
conf 40 'vrf-shared eth0' >/tmp/conf
conf 41 'vrf-shared eth0' >/tmp/conf-moved
conf 40 '' >/tmp/conf-one-way

# Whatever `up` may have touched.
everything() {
    state
    for interface in eth0 mgmt; do
        tc -j qdisc show dev $interface
        tc -j filter show dev $interface ingress
        tc -j filter show dev $interface egress
    done 2>/tmp/said
    sysctl net.ipv4.tcp_l3mdev_accept net.ipv4.udp_l3mdev_accept net.ipv4.conf.all.rp_filter net.ipv4.conf.eth0.rp_filter
}
# as_before FILE: it is so
as_before() {
    everything >/tmp/now
    cmp -s "$1" /tmp/now
}

level=guard
inside() {
    /vrf-launch --isolation $level mgmt -- "$@"
}
# may PROTO ADDRESS PORT ANSWER [WRAPPER...]: what is answered there, after the neighbours have been forgotten
total=0
may() {
    proto__=$1 address__=$2 port__=$3 answer__=$4
    shift 4
    ip neigh flush all 2>/tmp/said
    on lan ip neigh flush all 2>/tmp/said
    if [ "$proto__" = ping ]; then
        got=$("$@" /usr/bin/ping -q -n -c 1 -W 1 "$address__" >/tmp/said 2>&1 && echo pong)
    else
        # As `ask`, with less patience for what must not come.
        case $answer__ in
        '') patience__=0.7 ;;
        *) patience__=2 ;;
        esac
        case $proto__ in
        tcp6) to__=$proto__:[$address__]:$port__ ;;
        udp6) to__=$proto__:[$address__]:$port__,null-eof ;;
        tcp4) to__=$proto__:$address__:$port__ ;;
        udp4) to__=$proto__:$address__:$port__,null-eof ;;
        esac
        got=$(echo question | "$@" /usr/bin/socat -t $patience__ - "$to__" 2>/tmp/said)
    fi
    total=$((total + 1))
    equal "$proto__ $address__ $port__ by ${*:-us}" "$got" "$answer__"
}
# all_ways OWN4 OWN6 PROTO...: everything that has to work, and what has not, by these protocols
all_ways() {
    total=0 own4=$1 own6=$2
    shift 2
    for proto in "$@"; do
        case $proto in
        *4) own=$own4 gateway=10.20.30.1 beyond=8.8.8.8 bind=8.8.8.8 ;;
        *6) own=$own6 gateway=fd20::1 beyond=2001:4860:4860::8888 bind='[2001:4860:4860::8888]' ;;
        esac
        if [ "${proto%?}" = ping ]; then
            may ping "$gateway" '' pong inside
            may ping "$gateway" '' pong
            may ping "$beyond" '' pong
            may ping "$own" '' pong ip netns exec lan
            may ping "$own" '' pong ip netns exec net
            may ping "$beyond" '' '' inside
            continue
        fi
        serve "$proto" 7000 lan ip netns exec lan
        serve "$proto" "7000,bind=$bind" net ip netns exec net # from that address, or it would not answer the question
        serve "$proto" 7001 inside /vrf-launch --isolation $level mgmt --
        serve "$proto" 7002 outside
        may "$proto" "$gateway" 7000 lan inside
        may "$proto" "$gateway" 7000 lan
        may "$proto" "$beyond" 7000 net
        may "$proto" "$own" 7001 inside ip netns exec lan
        may "$proto" "$own" 7002 outside ip netns exec lan
        may "$proto" "$own" 7002 outside ip netns exec net
        may "$proto" "$beyond" 7000 '' inside
        may "$proto" "$own" 7001 '' ip netns exec net
    done
    echo "# $total connections tried"
    run on net /usr/bin/socat -u "TCP4:$own4:7001,connect-timeout=2" -
    match 'from off the LAN it is refused' "$err" 'refused'
}

case_ without_the_keyword_up_says_once_what_is_missing
run /vrf-launch -c /tmp/conf-one-way plan
equal 'plan says it in one line' "$(printf '%s\n' "$out" | grep -c 'hears nothing')" 1
run /vrf-launch -c /tmp/conf-one-way up
equal 'it comes up' "$status$out" 0
match 'it names both ways out' "$err" '^vrf-launch: /tmp/conf-one-way:10: .*"vrf mgmt" in eth0.*"vrf-shared eth0" in mgmt'
equal 'one line' "$(printf '%s\n' "$err" | wc -l)" 1
run /vrf-launch -c /tmp/conf-one-way up
equal 'the second time it is silent' "$status$out$err" 0
/vrf-launch -c /tmp/conf-one-way down
run /vrf-launch -q -c /tmp/conf-one-way up
equal 'quiet, it is silent' "$status$out$err" 0
/vrf-launch -c /tmp/conf-one-way down
ip link set eth0 down
sleep 1
everything >/tmp/before # the kernel's own rules have come with the first VRF, and stay

case_ all_works_at_guard
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status$out$err" 0
sleep 1
everything >/tmp/up
all_ways 10.20.30.40 fd20::40 tcp4 udp4 ping4 tcp6 udp6 ping6

case_ all_works_at_bind
level=bind
all_ways 10.20.30.40 fd20::40 tcp4 udp6
level=guard

case_ no_way_leads_off_the_networks
background ip netns exec lan tcpdump -Z root -l -n -i eth0 udp port 9
ear=$log
soon grep -q 'listening on' "$ear" || fail 'tcpdump does not listen'
for way in 'p 8.8.8.8' 'u 8.8.8.8' 'p 10.20.31.1' 'p 2001:4860:4860::8888' 'u 2001:4860:4860::8888' 'b 2001:4860:4860::8888'; do
    # shellcheck disable=SC2086 # words
    run inside /usr/bin/shared $way
    equal "$way is refused" "$status" 1
done
for way in 'p 10.20.30.1' 'u fd20::1'; do
    # shellcheck disable=SC2086 # words
    run inside /usr/bin/shared $way
    equal "$way is taken" "$status$err" 0
done
run /vrf-launch --isolation bind mgmt -- /usr/bin/shared u 8.8.8.8
equal 'at bind they lead out' "$status" 0
sleep 1
equal 'the LAN has heard those alone' "$(sed -n 's/.* > \(.*\)\.9: .*/\1/p' "$ear" | sort -u | tr '\n' ' ')" '10.20.30.1 8.8.8.8 fd20::1 '

case_ second_up_changes_nothing
run /vrf-launch -c /tmp/conf up
equal 'it is silent' "$status$out$err" 0
expect 'the same state' soon as_before /tmp/up
run /vrf-launch check mgmt
equal 'check is content' "$status" 0 || printf '%s\n' "$out" "$err" | shown
match 'and says what is shared' "$out" 'shared with programs outside: eth0, 10.20.30.0/24'

case_ a_new_address_is_followed
ip addr del 10.20.30.40/24 dev eth0
ip -6 addr del fd20::40/64 dev eth0
run /vrf-launch -c /tmp/conf-moved up
equal 'up succeeds' "$status$out$err" 0
equal 'the VRF has the new addresses and not the old' "$(ip -j addr show dev mgmt | jq -r '.[0].addr_info[].local' | sort | grep -v '^fe80' | tr '\n' ' ')" '10.20.30.41 127.0.0.1 ::1 fd20::41 '
all_ways 10.20.30.41 fd20::41 tcp6

case_ a_new_network_is_followed_by_services_that_run
on lan ip addr add 10.9.0.1/24 dev eth0
ip route add 10.9.0.0/24 dev eth0
serve tcp4 7000 lan ip netns exec lan
background /vrf-launch mgmt -- sh -c 'while :; do echo question | /usr/bin/socat -t 1 - TCP4:10.9.0.1:7000,connect-timeout=1; sleep 0.3; done'
sleep 1
equal 'not before' "$(grep -c lan "$log")" 0
ip route add 10.9.0.0/24 dev eth0 table 10
/vrf-launch -c /tmp/conf-moved up
expect 'afterwards' soon grep -q lan "$log"
ip route del 10.9.0.0/24 dev eth0 table 10
ip route del 10.9.0.0/24 dev eth0
on lan ip addr del 10.9.0.1/24 dev eth0

case_ down_restores
expect 'down succeeds' /vrf-launch -c /tmp/conf-moved down
ip link set eth0 down
expect 'the state before' soon as_before /tmp/before || diff /tmp/before /tmp/now | shown

case_ filters_of_others_stay
tc qdisc add dev eth0 clsact
tc filter add dev eth0 ingress protocol ip pref 7 flower src_ip 192.0.2.99 action drop
everything >/tmp/before-other
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status$out$err" 0
expect 'there are two filters' test "$(tc -j filter show dev eth0 ingress | jq '[.[] | select(.options.handle != null)] | length')" -ge 2
may ping 10.20.30.1 '' pong inside
expect 'down succeeds' /vrf-launch -c /tmp/conf down
ip link set eth0 down
expect 'the state before' soon as_before /tmp/before-other || diff /tmp/before-other /tmp/now | shown
/vrf-launch -c /tmp/conf up
tc qdisc del dev eth0 clsact
run /vrf-launch -c /tmp/conf up
equal 'up repairs it' "$status$out$err" 0
expect 'there is a filter' sh -c 'tc filter show dev eth0 ingress | grep -q vlshar'
tc filter add dev eth0 egress protocol ip pref 7 flower src_ip 192.0.2.99 action drop
/vrf-launch -c /tmp/conf down
expect 'the filter of others keeps its place' sh -c 'tc filter show dev eth0 egress | grep -q flower'
refuse 'ours is gone' sh -c 'tc filter show dev eth0 ingress | grep -q vlshar'
tc qdisc del dev eth0 clsact
ip link set eth0 down

case_ run_follows_at_once
{
    cat /tmp/conf
    printf 'auto sleeper\nservice sleeper\n    vrf mgmt\n    exec /busybox/sleep 60\n'
} >/tmp/conf-run
has_77() {
    ip addr show dev mgmt | grep -q 10.20.30.77/32
}
has_no_77() {
    ! has_77
}
background /vrf-launch -c /tmp/conf-run run
expect 'it is shared' soon sh -c 'tc filter show dev eth0 ingress | grep -q vlshar'
ip addr add 10.20.30.77/24 dev eth0
expect 'a new address is followed' soon has_77
may ping 10.20.30.77 '' pong ip netns exec lan
ip addr del 10.20.30.77/24 dev eth0
expect 'and that it goes' soon has_no_77
kill "$pid"
soon sh -c "! kill -0 $pid" 2>/tmp/said
/vrf-launch -c /tmp/conf down
ip link set eth0 down

case_ a_vrf_made_anew_is_heard
/vrf-launch -c /tmp/conf up
ip link del mgmt
run /vrf-launch -c /tmp/conf up
equal 'up repairs it' "$status$out$err" 0
may ping 10.20.30.1 '' pong inside
may ping 10.20.30.1 '' pong
expect 'one filter is left' test "$(tc -j filter show dev eth0 ingress | jq '[.[] | select(.options.handle != null)] | length')" = 1
expect 'down succeeds' /vrf-launch -c /tmp/conf down
ip link set eth0 down
expect 'the state before' soon as_before /tmp/before || diff /tmp/before /tmp/now | shown

case_ without_a_record_it_is_taken_back
mount -t tmpfs -o ro none /run
run /vrf-launch -c /tmp/conf up
equal 'up succeeds' "$status" 0
run /vrf-launch -c /tmp/conf down
equal 'down succeeds' "$status" 0
umount /run
refuse 'no filter is left' sh -c 'tc filter show dev eth0 ingress | grep -q vlshar'
refuse 'nor the VRF' ip link show mgmt
/vrf-launch -c /tmp/conf up --exact
/vrf-launch -c /tmp/conf down --exact
refuse 'no filter is left by --exact' sh -c 'tc filter show dev eth0 ingress | grep -q vlshar'
/vrf-launch -c /tmp/conf down
ip addr flush dev eth0
ip link set eth0 down

case_ the_file_of_old_with_the_keyword_works
{
    cat /test/interfaces.seed
    echo '    vrf-shared eth0'
} >/tmp/conf-seed
run /vrf-launch -c /tmp/conf-seed up
equal 'up succeeds' "$status$out$err" 0
serve tcp4 7000 lan ip netns exec lan
serve tcp4 7001 inside /vrf-launch vrf-management --
may tcp4 10.20.30.1 7000 lan /vrf-launch vrf-management --
may tcp4 10.20.30.40 7001 inside ip netns exec lan
may ping 8.8.8.8 '' pong
may ping 8.8.8.8 '' '' /vrf-launch vrf-management --
expect 'down succeeds' /vrf-launch -c /tmp/conf-seed down
ip link set eth0 down

case_ plan_can_be_pasted
ip link set eth0 up
/vrf-launch -c /tmp/conf plan >/tmp/plan
expect 'its commands succeed' sh -e /tmp/plan
for proto in tcp4 udp6; do
    serve $proto 7000 lan ip netns exec lan
done
may tcp4 10.20.30.1 7000 lan ip vrf exec mgmt
may udp6 fd20::1 7000 lan ip vrf exec mgmt

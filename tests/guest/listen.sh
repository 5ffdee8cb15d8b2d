#!/bin/sh
# Sockets that are opened for a service: bound to its VRF, before it has another user, and handed over.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
# kernels: once alpine-6.18
# processors: all
# modules: vrf
# timeout: 90
lan_and_net
cat >>/tmp/conf <<'END'
auto web
service web
    vrf mgmt
    user nobody
    listen tcp:81 udp:81
    exec /usr/bin/listen service
END
/vrf-launch -c /tmp/conf up || fail 'up'
for host in lan net; do # the far hosts prove their addresses
    soon sh -c "! ip netns exec $host ip -6 addr show tentative | grep -q inet6"
done
# answers PORT USER WORD: by both families and kinds, on the member's side, and nowhere else
answers() {
    for kind in tcp4=10.20.30.40 tcp6=fd20::40 udp4=10.20.30.40 udp6=fd20::40; do
        equal "${kind%%=*} from the LAN" "$(ask "${kind%%=*}" "${kind#*=}" "$1" ip netns exec lan 2>/tmp/said)" "$3 $2"
    done
    for kind in tcp4=203.0.113.40 tcp6=2001:db8::40 udp4=203.0.113.40 udp6=2001:db8::40; do
        silent "${kind%%=*} from elsewhere" ask "${kind%%=*}" "${kind#*=}" "$1" ip netns exec net
    done
    silence
}

case_ at_every_level_and_for_another_user
for level in bind guard strict; do
    background /vrf-launch --isolation $level --listen tcp:80 --listen=udp:80 --user nobody mgmt -- /usr/bin/listen $level
    soon grep -q '^2 tcp-80:udp-80$' "$log" || fail "$level: not started: $(cat "$log")"
    answers 80 65534 $level
    kill "$pid"
    wait "$pid" 2>/tmp/said
done

case_ of_a_service
background /vrf-launch -c /tmp/conf run web
soon sh -c "ss -Hltn | grep -q '%mgmt:81'" || fail "not started: $(cat "$log")"
answers 81 65534 service

case_ one_address
background /vrf-launch --listen tcp:10.20.30.40:82 --listen 'tcp:[fd20::40]:83' mgmt -- /usr/bin/listen one
soon grep -q '^2 ' "$log" || fail "not started: $(cat "$log")"
equal 'IPv4' "$(ask tcp4 10.20.30.40 82 ip netns exec lan 2>/tmp/said)" 'one 0'
equal 'IPv6' "$(ask tcp6 fd20::40 83 ip netns exec lan 2>/tmp/said)" 'one 0'

case_ an_address_that_is_being_proven_is_waited_for
sysctl -qw net.ipv6.conf.eth0.accept_dad=1 net.ipv6.conf.eth0.dad_transmits=1
ip -6 addr add fd20::99/64 dev eth0
background /vrf-launch --listen 'tcp:[fd20::99]:84' mgmt -- /usr/bin/listen late
soon grep -q '^1 ' "$log" || fail "not started: $(cat "$log")"
equal 'it answers' "$(ask tcp6 fd20::99 84 ip netns exec lan 2>/tmp/said)" 'late 0'
run /vrf-launch --wait 1 --listen 'tcp:10.20.30.99:84' mgmt -- echo started
equal 'one that never comes' "$status$out" 111
match 'message' "$err" '^vrf-launch: cannot listen on tcp:10.20.30.99:84: EADDRNOTAVAIL'

case_ what_is_wrong_is_said_and_nothing_started
for wrong in tcp:0 80 tcp:fd20::1:80 sctp:80 tcp:x; do
    run /vrf-launch --listen $wrong mgmt -- echo started
    equal "$wrong" "$status$out" 100
done
background /vrf-launch --listen tcp:85 mgmt -- /usr/bin/listen first
soon grep -q '^1 ' "$log"
run /vrf-launch --listen tcp:85 mgmt -- echo started
equal 'a port that is taken' "$status$out" 111
match 'message' "$err" 'EADDRINUSE'

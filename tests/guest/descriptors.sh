#!/bin/sh
# The sockets that a service is started with, as 0, by LISTEN_FDS and by --keep-fd: none leads out of the VRF.
#
#   lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
#
# Whether a service is reached is seen from the far hosts: net must never be answered.
# kernels: once debian-6.1
# modules: vrf af_key tipc
# timeout: 150
lan_and_net
/vrf-launch -c /tmp/conf up || fail 'up'
for host in lan net; do # the far hosts prove their addresses
    soon sh -c "! ip netns exec $host ip -6 addr show tentative | grep -q inet6"
done

# pass SOCKET PLACE OPTION... -- COMMAND...: in the background, a service of mgmt with that socket there
pass() {
    socket=$1 place=$2
    shift 2
    options=
    while [ "$1" != -- ]; do
        options="$options $1"
        shift
    done
    shift
    case $place in
    0 | listen) ;;
    *) options="$options --keep-fd $place" ;;
    esac
    # shellcheck disable=SC2086 # words
    background /usr/bin/descriptors pass "$socket" "$place" /vrf-launch $options mgmt -- "$@"
}
number() { [ "$1" = listen ] && echo 3 || echo "$1"; }
serves() { soon grep -q '^serving' "$log" || fail "$1: not started: $(cat "$log")"; }
# refused WHAT TEXT ADVICE: the one in the background has not been started
refused() {
    soon grep -Eq '^(serving|vrf-launch:|started)' "$log"
    grep -q '^serving' "$log" && kill "$pid"
    wait "$pid"
    equal "$1: exit code" $? 111
    match "$1: message" "$(sed '/^waiting$/d' "$log")" "^vrf-launch: cannot pass descriptor $2"
    match "$1: what to do" "$(tail -n 1 "$log")" "$3"
    refuse "$1: started" grep -q '^serving' "$log"
}
# answered KIND PORT WORD: lan is, net is not
answered() {
    case $1 in
    *4) near=10.20.30.40 far=203.0.113.40 ;;
    *6) near=fd20::40 far=2001:db8::40 ;;
    esac
    silent "$1 from net" ask "$1" "$far" "$2" ip netns exec net
    equal "$1 from the LAN" "$(ask "$1" "$near" "$2" ip netns exec lan 2>/tmp/said)" "$3"
    silence
}
ways='bind guard strict seccomp'
way() { [ "$1" = seccomp ] && echo '--bind seccomp' || echo "--isolation $1"; }

case_ a_listener_that_others_reach_is_refused
for level in $ways; do
    for place in 0 listen 5; do
        # shellcheck disable=SC2046 # words
        pass tcp4,port=80 "$place" $(way "$level") -- /usr/bin/descriptors serve "$(number "$place")" outside
        silent "$level, $place: from net" ask tcp4 203.0.113.40 80 ip netns exec net
        silence
        refused "$level, $place" "$(number "$place"): tcp 0\.0\.0\.0:80 listens outside of VRF mgmt" 'BindToDevice=.*--listen'
    done
done
pass tcp6,port=80 listen -- /usr/bin/descriptors serve 3 outside
silent 'IPv6: from net' ask tcp6 2001:db8::40 80 ip netns exec net
silence
refused IPv6 '3: tcp \[::\]:80 listens outside of VRF mgmt' BindToDevice=
pass tcp4,dev=eth1,port=80 listen -- /usr/bin/descriptors serve 3 outside
silent 'of another interface: from net' ask tcp4 203.0.113.40 80 ip netns exec net
silence
refused 'of another interface' '3: tcp 0\.0\.0\.0:80 listens outside of VRF mgmt' BindToDevice=
# To bind it now and to listen later makes kernels complain (net/ipv4/inet_connection_sock.c: WARN_ON).
pass tcp4,port=80,closed listen -- /usr/bin/descriptors serve 3 outside
refused 'one that does not listen yet' '3: tcp 0\.0\.0\.0:80 is outside of VRF mgmt' BindToDevice=

case_ a_socket_of_the_vrf_is_passed
port=100
for level in $ways; do
    for socket in tcp4:listen:mgmt tcp6:0:mgmt udp4:listen:mgmt udp6:5:mgmt tcp4:5:eth0; do
        kind=${socket%%:*} place=${socket#*:}
        place=${place%:*} port=$((port + 1))
        # shellcheck disable=SC2046 # words
        pass "$kind,dev=${socket##*:},port=$port" "$place" $(way "$level") -- \
            /usr/bin/descriptors serve "$(number "$place")" "$level"
        serves "$level, $socket"
        answered "$kind" $port "$level"
    done
done

case_ a_datagram_socket_is_bound
port=200
for level in $ways; do
    for socket in udp4:listen udp6:0 udp4:5; do
        kind=${socket%:*} place=${socket#*:} port=$((port + 1))
        # shellcheck disable=SC2046 # words
        pass "$kind,port=$port" "$place" $(way "$level") -- /usr/bin/descriptors serve "$(number "$place")" "$level"
        serves "$level, $socket"
        answered "$kind" $port "$level"
    done
done
# What has come before is not the service's.
pass udp4,port=299,queued listen -- /usr/bin/descriptors serve 3 bound
soon grep -q '^waiting' "$log"
(echo from net | on net socat -u - UDP4:203.0.113.40:299)
serves 'one with a datagram'
answered udp4 299 bound
equal 'what it got' "$(grep '^got' "$log")" 'got question'

case_ a_socket_without_an_address_is_bound
serve tcp4 7000 lan ip netns exec lan
serve tcp4 7001 net ip netns exec net
for level in $ways; do
    for place in 0 listen 5; do
        for to in 10.20.30.1:7000:lan 203.0.113.1:7001:; do
            address=${to%%:*} port=${to#*:}
            # shellcheck disable=SC2046 # words
            pass tcp4 "$place" $(way "$level") -- /usr/bin/descriptors talk "$(number "$place")" "$address" "${port%:*}"
            wait "$pid"
            equal "$level, $place: $address" "$(grep -v : "$log")" "${to##*:}"
        done
    done
done

case_ a_connection_from_outside_is_refused
port=300
for level in $ways; do
    port=$((port + 1))
    # shellcheck disable=SC2046 # words
    pass tcp4,port=$port,accept 0 $(way "$level") -- /usr/bin/descriptors serve 0 outside
    soon grep -q '^waiting' "$log"
    silent "$level" ask tcp4 203.0.113.40 $port ip netns exec net
    silence
    refused "$level" "0: tcp 203\.0\.113\.40:$port to 203\.0\.113\.1:[0-9]+ is a connection outside of VRF mgmt" '--inetd'
    # Of one of the VRF's listeners it is the VRF's.
    # shellcheck disable=SC2046 # words
    pass tcp4,dev=mgmt,port=$port,accept 0 $(way "$level") -- /usr/bin/descriptors serve 0 inside
    soon grep -q '^waiting' "$log"
    equal "$level: from the LAN" "$(ask tcp4 10.20.30.40 $port ip netns exec lan 2>/tmp/said)" inside
done
pass udp4,to=203.0.113.1 0 -- /usr/bin/descriptors serve 0 outside
refused 'a datagram socket that is connected' '0: udp 203\.0\.113\.40:[0-9]+ to 203\.0\.113\.1:9 is a connection outside' '--listen'

case_ other_kinds_are_what_the_level_lets_a_service_make
kind() {
    pass "$1" 5 --isolation "$2" -- echo started
    wait "$pid"
    status=$?
}
# Not every kernel has them all, but this one.
has() {
    descriptors pass "$1" 5 true 2>/tmp/said && return 0
    case $(uname -r) in
    6.1.*) fail "no $1: $(cat /tmp/said)" ;;
    esac
    return 1
}
for level in guard strict; do
    for refused in 'mptcp,dev=mgmt,port=400:mptcp 0\.0\.0\.0:400 listens: .*MPTCP' 'tipc:a socket of family 30: .*that family'; do
        has "${refused%%[,:]*}" || continue
        kind "${refused%%:*}" $level
        equal "$level: $refused" $status 111
        match "$level: $refused" "$(cat "$log")" "^vrf-launch: cannot pass descriptor 5: ${refused#*:}"
    done
    for same in netlink unix; do
        kind $same $level
        equal "$level: $same" "$status $(cat "$log")" '0 started'
    done
done
if has tipc; then
    kind tipc bind
    equal 'bind: tipc' "$status $(cat "$log")" '0 started'
fi
if has mptcp; then
    kind mptcp,port=401 bind
    equal 'bind: mptcp outside' $status 111
    kind mptcp,dev=mgmt,port=402 bind
    equal 'bind: mptcp of the VRF' "$status $(cat "$log")" '0 started'
fi
for raw in packet key raw,dev=mgmt; do
    has ${raw%,*} || continue
    kind $raw guard
    equal "guard: $raw" "$status $(cat "$log")" '0 started'
    kind $raw strict
    equal "strict: $raw" $status 111
    match "strict: $raw" "$(cat "$log")" '^vrf-launch: cannot pass descriptor 5: .* takes a privilege that strict takes away'
done

case_ a_socket_of_another_network_namespace_is_refused
for level in $ways; do
    # shellcheck disable=SC2046 # words
    pass ns=net,udp4 0 $(way "$level") -- /usr/bin/descriptors serve 0 outside
    refused "$level" '0: udp 0\.0\.0\.0:0: it is of another network namespace' .
done

case_ what_is_no_socket_is_not_looked_at
for level in $ways; do
    # shellcheck disable=SC2046 # words
    run /vrf-launch $(way "$level") mgmt -- echo started <&-
    equal "$level: closed" "$status$out" 0started
    # shellcheck disable=SC2046 # words
    run /vrf-launch $(way "$level") mgmt -- head -n 1 </test/lib.sh
    equal "$level: a file" "$status$out" '0#!/bin/sh'
done

case_ sockets_that_are_opened_for_it_are_its_own
background /vrf-launch --listen tcp:500 mgmt -- /usr/bin/descriptors serve 3 own
serves --listen
answered tcp4 500 own
# In the place of one that was passed.
background /usr/bin/descriptors pass tcp4,port=501 listen /vrf-launch --listen tcp:502 mgmt -- /usr/bin/descriptors serve 3 own
serves '--listen beside LISTEN_FDS'
answered tcp4 502 own
silent 'the other from net' ask tcp4 203.0.113.40 501 ip netns exec net
silence

case_ services_with_a_socket_that_is_not_the_vrfs_are_named
# What bind leaves open, and a program like this one could be handed by a Unix socket at any level.
strays() {
    /vrf-launch check --isolation bind mgmt | sed -n 's/^  FAIL  //p' | grep descriptor
}
marked() { /vrf-launch show mgmt --json | jq -r '.. | .faults? // empty | .[] | .text' | grep descriptor; }
background /vrf-launch mgmt -- /usr/bin/descriptors pass udp4,port=600 5 descriptors serve 5 inside
serves 'one that is in order'
equal 'nothing is named' "$(strays)$(marked)" ''
background descriptors pass tcp4,port=601 5 /vrf-launch --isolation bind mgmt -- descriptors serve 5 outside
serves listener
equal 'net is answered' "$(ask tcp4 203.0.113.40 601 ip netns exec net 2>/tmp/said)" outside
equal 'check' "$(strays)" "process $pid (descriptors), descriptor 5: tcp 0.0.0.0:601 listens outside of the VRF"
listener=$pid
background descriptors pass udp4,to=203.0.113.1,port=602 5 /vrf-launch --isolation bind mgmt -- descriptors serve 5 outside
serves connection
match 'check, a connection' "$(strays)" "^process $pid \(descriptors\), descriptor 5: udp 203\.0\.113\.40:602 to 203\.0\.113\.1:9 outside of the VRF$"
match 'check, still the listener' "$(strays)" "^process $listener "
match 'show' "$(marked)" '^descriptor 5: tcp 0\.0\.0\.0:601 listens outside of the VRF$'
match 'show, a connection' "$(marked)" '^descriptor 5: udp 203\.0\.113\.40:602 to 203\.0\.113\.1:9 outside of the VRF$'

case_ more_than_can_be_passed_is_refused
# shellcheck disable=SC2016 # for the inner shell
run sh -c 'LISTEN_FDS=62 LISTEN_PID=$$ exec /vrf-launch mgmt -- echo started'
equal 'exit code' "$status$out" 111
match 'message' "$err" '^vrf-launch: LISTEN_FDS "62": '

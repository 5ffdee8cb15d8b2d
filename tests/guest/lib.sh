#!/bin/sh
# The vocabulary of the scenarios, and what runs one: sh lib.sh SCENARIO
#
#   case_ NAME               begins a case, and ends the one before with its verdict
#   fail REASON              the case has failed (the first reason is shown in the verdict); it goes on
#   run COMMAND...           runs it; leaves $status, and what it printed in $out and $err
#   expect WHAT COMMAND...   fails with WHAT unless COMMAND succeeds; shows what it printed
#   refuse WHAT COMMAND...   fails with WHAT if COMMAND succeeds
#   equal WHAT GOT WANTED    fails with WHAT unless the two texts are the same; shows both
#   match WHAT TEXT REGEX    fails with WHAT unless TEXT matches the extended regular expression
#   soon COMMAND...          tries COMMAND for up to thirty seconds
#   far NS IF ADDR...        a host in network namespace NS with ADDR..., at the other end of our interface IF
#   on NS COMMAND...         runs COMMAND on that host
#   lan_and_net [gateway]    two hosts, and between them, in the file /tmp/conf, a configuration; with gateway, net leads further:
#                              lan  10.20.30.1 fd20::1 ── eth0 (mgmt)    eth1 (main) ── net  203.0.113.1 2001:db8::1
#   background COMMAND...    starts it (a program, not a function), and ends it and its children with the case; its PID is in $pid,
#                            what it prints in the file $log
#   serve PROTO PORT WORD [WRAPPER...]   in the background: answers WORD by tcp4, tcp6, udp4 or
#                            udp6; PORT may have options of socat behind it, such as 7000,bind=10.0.0.1
#   ask PROTO ADDRESS PORT [WRAPPER...]  prints what is answered there; WRAPPER is put before the program
#   silent WHAT COMMAND...   in the background: fails with WHAT if COMMAND (which may be a function) prints anything. For what must
#                            not be answered: all of them wait at once
#   silence                  waits for them; the end of a case does so, before it ends what is in the background
#   json NAME TEXT           the host holds TEXT against tests/schema/NAME.json
#   snapshot NAME FILE       fails unless FILE is as tests/guest/snapshots/NAME; shows the difference, and all of FILE
#   state [-n NS]            the kernel's state in this namespace, or in that one, without what differs from run to run
#   states NS...             that of each, in the files /tmp/state.NS: quicker than one after the other
#   same_state WHAT WANTED   fails with WHAT unless `state` soon prints what the file WANTED holds; shows the difference
#   points WHAT STEP FILE FUNCTION   calls FUNCTION KIND PROCESS NUMBER for every STEPth fault of those that FILE lists (faults.c), for
#                            every Nth of them with `trust=N` on the kernel's command line; prints "# points WHAT|all|tried|lost"
#   lost REASON              within FUNCTION: this one is lost; with `unreached=1` there it has not been tried
#
# A line of the console that begins with "ok " or "not ok " is a verdict; what a case has to show begins with "# ".

current='' reason='' finished='' pids='' count_=0 silent_=''

case_() {
    end_
    current=$1
    reason=''
}

end_() {
    silence
    for pid in $pids; do
        kill -- "-$pid" 2>/tmp/said && wait "$pid" 2>/tmp/said
    done
    pids=''
    [ -n "$current" ] || return 0
    if [ -n "$reason" ]; then
        echo "not ok $current: $reason"
    else
        echo "ok $current"
    fi
    current=''
}

quit_() {
    [ -n "$finished" ] || fail 'the script ended here'
    end_
}

fail() {
    reason=${reason:-$1}
    echo "# failed: $1"
}

shown() {
    sed 's/^/#   /'
}

run() {
    "$@" >/tmp/out 2>/tmp/err
    status=$?
    out=$(cat /tmp/out) err=$(cat /tmp/err)
}

expect() {
    what_=$1
    shift
    "$@" >/tmp/said 2>&1 && return 0
    fail "$what_"
    { echo "\$ $*"; tail -n 20 /tmp/said; } | shown
    return 1
}

refuse() {
    what_=$1
    shift
    "$@" >/tmp/said 2>&1 || return 0
    fail "$what_"
    { echo "\$ $*"; tail -n 20 /tmp/said; } | shown
    return 1
}

equal() {
    [ "$2" = "$3" ] && return 0
    fail "$1"
    printf 'got    <%s>\nwanted <%s>\n' "$2" "$3" | shown
    return 1
}

match() {
    printf '%s\n' "$2" | grep -Eq -e "$3" && return 0
    fail "$1"
    printf 'got    <%s>\nwanted /%s/\n' "$2" "$3" | shown
    return 1
}

soon() {
    until_=$(($(date +%s) + 30))
    until "$@"; do
        [ "$(date +%s)" -lt $until_ ] || return 1
        sleep 0.1
    done
}

far() {
    host_=$1 near_=$2
    shift 2
    ip netns add "$host_"
    ip link add "$near_" type veth peer name "$near_" netns "$host_"
    {
        printf 'link set %s up\n' lo "$near_"
        for address_ in "$@"; do
            case $address_ in
            *:*) echo "addr add $address_ dev $near_ nodad" ;;
            *) echo "addr add $address_ dev $near_" ;;
            esac
        done
    } | ip -n "$host_" -batch -
}

on() {
    host_=$1
    shift
    ip netns exec "$host_" "$@"
}

lan_and_net() {
    far lan eth0 10.20.30.1/24 fd20::1/64
    far net eth1 203.0.113.1/24 2001:db8::1/64
    cat >/tmp/conf <<END_
auto eth0
iface eth0
    address 10.20.30.40/24
    address fd20::40/64
    vrf mgmt
auto eth1
iface eth1
    address 203.0.113.40/24
    ${1:+gateway 203.0.113.1}
    address 2001:db8::40/64
    ${1:+gateway 2001:db8::1}
auto mgmt
iface mgmt
    vrf-table 10
END_
}

background() {
    count_=$((count_ + 1))
    log=/tmp/background.$count_
    setsid "$@" >$log 2>&1 </dev/null &
    pid=$!
    pids="$pids $pid"
}

# listens_ PROTO PORT PID: a socket of that kind is there for anybody, in the namespace of PID, which still runs; what is left of a
# connection to somebody who listened there before is none
listens_() {
    grep -q "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$2") [0-9A-F]*:0000 " "/proc/$3/net/${1%4}" 2>/tmp/said
}

serve() {
    proto_=$1 port_=$2 word_=$3
    shift 3
    case $proto_ in
    tcp4) listen_=TCP4-LISTEN:$port_,fork,reuseaddr ;;
    tcp6) listen_=TCP6-LISTEN:$port_,fork,reuseaddr,ipv6-v6only=1 ;;
    # An empty datagram behind the answer tells who asks that there is no more (null-eof).
    udp4) listen_=UDP4-RECVFROM:$port_,fork,reuseaddr,shut-null ;;
    udp6) listen_=UDP6-RECVFROM:$port_,fork,reuseaddr,shut-null,ipv6-v6only=1 ;;
    esac
    # It reads before it answers: socat gives up an answer whose author is gone when the question is to be passed to it.
    printf '#!/bin/sh\nread -r question\necho %s\n' "$word_" >"/tmp/answer.$word_"
    chmod +x "/tmp/answer.$word_"
    background "$@" /usr/bin/socat "$listen_" "EXEC:/tmp/answer.$word_"
    soon listens_ "$proto_" "${port_%%,*}" "$pid" || fail "no server for $proto_ on $port_: $(tail -n 1 $log)"
}

ask() {
    proto_=$1 address_=$2 port_=$3
    shift 3
    case $proto_ in
    tcp4) to_=TCP4:$address_:$port_,connect-timeout=2 ;;
    tcp6) to_=TCP6:[$address_]:$port_,connect-timeout=2 ;;
    udp4) to_=UDP4:$address_:$port_,null-eof ;;
    udp6) to_=UDP6:[$address_]:$port_,null-eof ;;
    esac
    echo question | "$@" /usr/bin/socat -t 2 - "$to_"
}

silent() {
    count_=$((count_ + 1))
    echo "$1" >/tmp/silent.$count_
    shift
    "$@" >/tmp/printed.$count_ 2>/tmp/err.$count_ &
    silent_="$silent_ $!:$count_"
}

silence() {
    for asked_ in $silent_; do
        wait "${asked_%:*}"
        asked_=${asked_#*:}
        equal "$(cat "/tmp/silent.$asked_")" "$(cat "/tmp/printed.$asked_")" ''
    done
    silent_=''
}

json() {
    printf '# json %s %s\n' "$1" "$2"
}

snapshot() {
    cmp -s "/test/snapshots/$1" "$2" && return 0
    fail "it is not as the snapshot $1"
    diff -U 0 "/test/snapshots/$1" "$2" | grep "^[-+][^-+]" | shown
    sed "s|^|# snapshot $1: |" "$2"
    return 1
}

raw_state() {
    for family_ in -4 -6; do
        ip "$@" $family_ -j -batch - <<EOF
rule
route show table all
EOF
    done
    ip "$@" -d -j addr
}

# shellcheck disable=SC2120 # those of another script
state() {
    # Half a second of emulation is jq's: what it has made of the same text before is kept, indexes and what is made from
    # hardware addresses aside.
    raw_state "$@" >/tmp/raw.state
    kept_=$(sed -E 's/"(ifindex|link_index)":[0-9]+,|"address":"[0-9a-f:]{17}",|fe80::[0-9a-f]+:[0-9a-f]*ff:fe[0-9a-f]+:[0-9a-f]+//g' /tmp/raw.state | md5sum)
    kept_=/tmp/states/${kept_%% *}
    [ -f "$kept_" ] || {
        mkdir -p /tmp/states
        jq -n -S -c -f /test/state.jq </tmp/raw.state >/tmp/made.state || return 1
        mv /tmp/made.state "$kept_"
    }
    cat "$kept_"
}

states() {
    for host_ in "$@"; do
        raw_state -n "$host_" >"/tmp/raw.$host_"
        set -- "$@" "/tmp/raw.$host_"
        shift
    done
    jq -n -S -c -f /test/state.jq "$@" | awk '
        { match($0, /^\["[^"]*",/); name = substr($0, 12, RLENGTH - 13); print "[" substr($0, RLENGTH + 1) >"/tmp/state." name }
    '
}

same_state_() {
    # shellcheck disable=SC2119
    state >/tmp/state
    cmp -s "$1" /tmp/state
}

same_state() {
    soon same_state_ "$2" && return 0
    fail "$1"
    diff -U 0 "$2" /tmp/state | grep "^[-+][^-+]" | shown
    return 1
}

# trust=N on the kernel's command line: every Nth.
every_=$(sed -n 's/.*trust=\([0-9]*\).*/\1/p' /proc/cmdline 2>/dev/null)

lost() {
    loss=${loss:-$1}
}

points() {
    what_=$1 step_=${every_:-$2} file_=$3 function_=$4
    n_=0 tried_=0 lost_=0
    while read -r process_ number_ call_ kinds_; do
        for kind_ in $kinds_; do
            n_=$((n_ + 1))
            [ $((n_ % step_)) = 0 ] || continue
            tried_=$((tried_ + 1))
            loss=''
            # Which call is the Nth differs from run to run: one that has fewer is done again.
            for _ in 1 2 3 4; do
                unreached=0
                read -r now_ _ </proc/uptime
                echo "$now_ $what_: $kind_ at call $number_" >>/tmp/journal
                $function_ "$kind_" "$process_" "$number_"
                [ "$unreached" = 1 ] || break
            done
            tried_=$((tried_ - unreached))
            if [ -n "$loss" ]; then
                lost_=$((lost_ + 1))
                fail "$what_: $kind_ at call $number_ ($call_) of process $process_: $loss"
                tail -n 3 /tmp/said | shown
            fi
        done
    done <"$file_"
    echo "# points $what_|$n_|$tried_|$lost_"
    [ "$tried_" -gt 0 ] || fail "no fault of $what_ was tried"
}

if [ $# -gt 0 ]; then
    trap quit_ EXIT
    # shellcheck disable=SC1090 # the scenario, whichever it is
    . "$1"
    finished=yes
fi

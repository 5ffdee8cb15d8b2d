#!/bin/sh
# `up` is killed at each of its system calls that change something, and the next `up` ends in the same state.
# kernels: once
# modules: vrf dummy
# timeout: 300
seed=/test/interfaces.seed
# Whatever is sent, written or renamed.
calls=sendto,sendmsg,sendmmsg,write,rename,renameat,renameat2,unlink,unlinkat

# In the machine itself, one after the other: `down` has been shown to restore (parity).
ip link add eth0 type dummy
ip link add probe type vrf table 99
ip link del probe
sleep 1
state >/tmp/before
/vrf-launch -c $seed up
sleep 1
state >/tmp/up
/vrf-launch -c $seed down

case_ down_restores_at_all
same_state 'before the rest is tried' /tmp/before
refuse 'up had done something' cmp -s /tmp/before /tmp/up

case_ up_after_kill_converges
n=0
while [ $n -lt 100 ]; do
    n=$((n + 1))
    strace -o /tmp/trace -e "inject=$calls:signal=KILL:when=$n" /vrf-launch -c $seed up >/tmp/said 2>&1
    grep -q 'killed by SIGKILL' /tmp/trace || break
    run /vrf-launch -q -c $seed up
    equal "up after a kill at call $n" "$status$out$err" 0 || break
    same_state "state after a kill at call $n" /tmp/up || break
    run /vrf-launch -c $seed down
    equal "down after a kill at call $n" "$status$out$err" 0 || break
    same_state "state after down after a kill at call $n" /tmp/before || break
done
echo "# killed at $((n - 1)) calls"
expect 'it was killed at all' test "$n" -gt 3
expect 'there was an end to it' test "$n" -lt 100
/vrf-launch -c $seed down 2>/tmp/said

case_ down_after_kill_of_down_converges
n=0
while [ $n -lt 100 ]; do
    n=$((n + 1))
    /vrf-launch -c $seed up
    strace -o /tmp/trace -e "inject=$calls:signal=KILL:when=$n" /vrf-launch -c $seed down >/tmp/said 2>&1
    grep -q 'killed by SIGKILL' /tmp/trace || break
    run /vrf-launch -c $seed down
    equal "down after a kill at call $n" "$status$out$err" 0 || break
    same_state "state after a kill at call $n" /tmp/before || break
done
echo "# killed at $((n - 1)) calls"
expect 'it was killed at all' test "$n" -gt 3
expect 'there was an end to it' test "$n" -lt 100

#!/bin/sh
# The first process of a PID namespace, with a root folder of its own: what a machine that is not as it should be makes of
# `init`. The kernel ends such a namespace with SIGHUP for a reboot, and SIGINT for a halt.
# kernels: once
# modules: vrf
# timeout: 120

# root FILE...: a new root folder with the binary and these files of /tmp
root() {
    root=/tmp/root.$((made = ${made:-0} + 1))
    mkdir -p $root/etc $root/proc $root/sys $root/dev $root/run
    cp /vrf-launch $root
    for file in "$@"; do
        cp "/tmp/$file" $root/etc
    done
}
has_child() {
    [ -n "$(cat /proc/"$pid"/task/"$pid"/children 2>/tmp/said)" ]
}
# first WORD...: the binary is the first process there
first() {
    dmesg -c >/tmp/said
    # What a kernel gives its first process, or what a container does.
    # shellcheck disable=SC2086 # words
    background env -i ${environment:-HOME=/ TERM=linux} /usr/bin/unshare --pid --fork --mount --net /busybox/chroot $root "$@"
    # Its own child is the first process.
    soon has_child || { fail 'it does not start'; shown <"$log"; }
    one=$(tr -d ' ' </proc/"$pid"/task/"$pid"/children)
}
says() {
    soon sh -c "dmesg | grep -q -e '$1'" || { fail "not said: $1"; dmesg | grep vrf-launch | shown; }
}
# ends SIGNAL CODE: it ends, by this signal to it, with CODE
ends() {
    kill -"$1" "$one"
    wait "$pid"
    equal "after $1" $? "$2"
}

case_ broken_configuration_without_a_shell
cat >/tmp/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table many
END
root vrf-launch.conf
first /vrf-launch
says 'vrf-launch: /etc/vrf-launch.conf:3: vrf-table "many": not a table number'
says 'vrf-launch: nothing is started; waiting for a signal'
sleep 1
expect 'it stays' test -e /proc/"$one"
expect 'and has mounted what it needs' grep -q ' /sys/fs/cgroup cgroup2 ' /proc/"$one"/mounts
ends TERM 129

case_ broken_configuration_with_a_shell
root vrf-launch.conf
mkdir -p $root/bin
cp /busybox/busybox $root/bin
printf '#!/bin/busybox sh\necho "$$ $(/bin/busybox id -u)" >>/etc/shell\nexec /bin/busybox sleep 1000\n' >$root/bin/sh
chmod 755 $root/bin/sh
first /vrf-launch
says 'vrf-launch: nothing is started; a shell is on the console'
expect 'it is started' soon test -s $root/etc/shell
kill -9 "$(cat /proc/"$one"/task/"$one"/children)"
expect 'and again' soon sh -c "[ \$(wc -l <$root/etc/shell) = 2 ]"
ends INT 129

case_ cycle_of_services
cat >/tmp/vrf-launch.conf <<'END'
auto a b
service a
    exec /a
    requires b
service b
    exec /b
    requires a
END
root vrf-launch.conf
first /vrf-launch init
says 'vrf-launch: /etc/vrf-launch.conf:7: requires "a": a cycle'
says 'waiting for a signal'
ends USR1 130

case_ no_init_to_go_on_with
root
first /vrf-launch
says 'vrf-launch: no service, and no init to go on with: /sbin/init is not there'
ends USR2 130
root
mkdir $root/sbin
ln -s ../vrf-launch $root/sbin/init
first /sbin/init
says 'vrf-launch: no service, and no init to go on with'
ends TERM 129

case_ module_that_cannot_be_unpacked
echo '# comment' >/tmp/modules
echo 'dummy # comment' >>/tmp/modules
modules=/lib/modules/$(uname -r)
root modules
mkdir -p "$root$modules"
gzip -c "$modules/dummy.ko" >"$root$modules/dummy.ko.gz"
echo 'dummy.ko.gz:' >"$root$modules/modules.dep"
first /vrf-launch
says 'vrf-launch: cannot load module dummy: E.*: dummy.ko.gz'
says 'put it on the image unpacked'
refuse 'it is not there' test -d /sys/module/dummy
ends TERM 129

case_ module_by_modprobe
mkdir -p $root/sbin
cp /busybox/busybox $root/sbin/modprobe
first /vrf-launch
says 'no init to go on with'
refuse 'no complaint' sh -c 'dmesg | grep "cannot load"'
expect 'it is there' test -d /sys/module/dummy
ends TERM 129
rmmod dummy

case_ module_by_itself
root modules
mkdir -p "$root$modules"
cp "$modules/dummy.ko" "$root$modules/dummy.ko"
echo 'dummy.ko:' >"$root$modules/modules.dep"
first /vrf-launch
says 'no init to go on with'
expect 'it is there' test -d /sys/module/dummy
ends TERM 129

case_ another_init_takes_its_place
cat >/tmp/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
END
root vrf-launch.conf
mkdir -p $root/bin $root/sbin
cp /busybox/busybox $root/bin
# shellcheck disable=SC2016 # for that shell
printf '#!/bin/busybox sh\necho "$$ $*" >/etc/seen\n/bin/busybox grep SigBlk /proc/self/status >>/etc/seen\nexec /bin/busybox sleep 1000\n' \
    >$root/sbin/init
cp $root/sbin/init $root/sbin/other
chmod 755 $root/sbin/init $root/sbin/other
first /vrf-launch
expect 'by default /sbin/init' soon test -s $root/etc/seen
sleep 0.2
match 'it is the first process' "$(cat $root/etc/seen)" '^1 *$'
match 'signals are not blocked' "$(cat $root/etc/seen)" 'SigBlk:.0000000000000000'
expect 'the VRF is there' grep -q mgmt: /proc/"$one"/net/dev
kill -9 "$one"
wait "$pid"
rm $root/etc/seen
first /vrf-launch splash /sbin/other single
expect 'the one that is named' soon test -s $root/etc/seen
sleep 0.2
match 'with its words' "$(cat $root/etc/seen)" '^1 single$'
kill -9 "$one"
wait "$pid"
rm $root/etc/seen
first /vrf-launch init -- /sbin/other
expect 'and behind --' soon test -s $root/etc/seen
kill -9 "$one"

case_ read_only_root
cat >/tmp/vrf-launch.conf <<'END'
auto mgmt
iface mgmt
    vrf-table 10
auto one
service one
    vrf mgmt
    exec /bin/busybox sleep 1000
END
root vrf-launch.conf
mkdir -p $root/bin
cp /busybox/busybox $root/bin
mount --bind $root $root
mount -o remount,bind,ro $root
first /vrf-launch
says 'vrf-launch: one: started'
expect 'it cannot write' grep -q ' / [^ ]* ro[, ]' /proc/"$one"/mounts
refuse 'no complaint' sh -c 'dmesg | grep "vrf-launch: cannot"'
expect 'the VRF is there' grep -q mgmt: /proc/"$one"/net/dev
ends TERM 129
umount $root

case_ file_systems_of_a_container_are_left_alone
root
mkdir -p $root/bin
cp /busybox/busybox $root/bin
first /vrf-launch
says 'no init to go on with'
inside() { /busybox/nsenter -t "$one" -m -r /bin/busybox "$@"; }
inside mkdir /run/above /run/held
inside mount -t tmpfs above /run/above
inside mount -t tmpfs held /run/held
machine=$pid
background strace -o /tmp/trace -p "$one"
soon grep -q ppoll /tmp/trace || fail 'not traced'
pid=$machine
ends TERM 129
# They may be those of the machine, too; and what is only the container's goes with it.
order=$(sed -n 's/^\(kill(-1, SIG[A-Z]*\|umount2("[^"]*\|mount(.*MS_REMOUNT\|reboot\)[(",)].*/\1/p' /tmp/trace)
match 'processes are ended' "$order" 'SIGKILL'
refuse 'nothing is unmounted or changed' sh -c "echo '$order' | grep mount"

case_ services_of_a_container
environment=PATH=/bin
cat >/tmp/vrf-launch.conf <<'END'
auto one
service one
    exec /bin/busybox sleep 1000
END
root vrf-launch.conf
mkdir -p $root/bin
cp /busybox/busybox $root/bin
first /vrf-launch run
# The first child is the one that brings interfaces up: whoever is asked to end then has started no service, and ends with 0.
soon sh -c "grep -q sleep /proc/\$(tr -d ' ' </proc/$one/task/$one/children)/cmdline" || fail 'the service does not run'
ends TERM 143
root vrf-launch.conf
mkdir -p $root/bin
cp /busybox/busybox $root/bin
mount -t proc proc $root/proc
first /vrf-launch default /bin/busybox sleep 1001
soon grep -q 1001 /proc/"$one"/cmdline || fail 'a command with words but no -- is not taken for the kernel'
kill -9 "$one"

case_ init_is_for_the_first_process
run /vrf-launch init
equal 'exit code' "$status" 100
match 'message' "$err" 'for the first process'
ln -s /vrf-launch /tmp/init
run /tmp/init
equal 'by its name' "$status" 100

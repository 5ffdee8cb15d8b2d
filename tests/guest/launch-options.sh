#!/bin/sh
# The options of a launch: as whom, with what, where, and with which resolv.conf.
# kernels: once alpine-6.18
# modules: vrf
ip link add mgmt type vrf table 10
ip link set mgmt up
cat >>/etc/passwd <<'END'
web:x:1000:2000:Web,,,:/srv/web:/bin/false
bare:x:1001:2001:::
2222:x:7:8::/:/bin/sh
lost:x:4294967295:1::/:/bin/sh
END
cat >>/etc/group <<'END'
web:x:2000:
logs:x:3000:other,web
keys:x:3001:web
late:x:3002:webmaster,we
END
id_() {
    "$@" /busybox/sh -c 'grep -E "^(Uid|Gid|Groups|CapEff|CapPrm):" /proc/self/status | tr -s "\t " "  "'
}

case_ user_and_groups_of_the_files
run id_ /vrf-launch --user web mgmt --
equal 'web' "$out" 'Uid: 1000 1000 1000 1000
Gid: 2000 2000 2000 2000
Groups: 2000 3000 3001 
CapPrm: 0000000000000000
CapEff: 0000000000000000'
run /vrf-launch --user=web mgmt -- ip vrf identify
equal 'in the VRF' "$status$out" 0mgmt
run id_ /vrf-launch --user 1000 mgmt --
match 'by number, with its groups' "$out" '^Groups: 2000 3000 3001 $'

case_ named_group_is_the_only_one
run id_ /vrf-launch --user web:logs mgmt --
match 'its group' "$out" '^Gid: 3000 3000 3000 3000$'
match 'no other' "$out" '^Groups: 3000 $'
run id_ /vrf-launch --user web:77 mgmt --
match 'by a number that is in no file' "$out" '^Groups: 77 $'
run id_ /vrf-launch --user 5555:66 mgmt --
match 'a user that is in no file' "$out" '^Uid: 5555 5555 5555 5555$'
run id_ /vrf-launch --user 2222 mgmt --
match 'a name of digits comes before a number' "$out" '^Uid: 7 7 7 7$'

case_ environment_of_the_user
run env -i HOME=/old PATH=/busybox LANG=C /vrf-launch --user web mgmt -- env
equal 'set, and the rest kept' "$(echo "$out" | sort)" 'HOME=/srv/web
LANG=C
LOGNAME=web
PATH=/busybox
SHELL=/bin/false
USER=web'
run env -i PATH=/busybox /vrf-launch --user bare mgmt -- env
match 'an account without a shell' "$out" '^SHELL=/bin/sh$'
match 'without a folder' "$out" '^HOME=/$'

case_ env_sets_and_replaces
run env -i A=1 B=2 /vrf-launch --env A=3 --env=C=x=y --env 'D=a b' mgmt -- /busybox/env
equal 'what the command finds' "$out" 'A=3
B=2
C=x=y
D=a b'
run env -i /vrf-launch --user web --env HOME=/elsewhere mgmt -- /busybox/env
match 'said by the user of the launcher, it stands' "$out" '^HOME=/elsewhere$'
run env PATH=/nowhere /vrf-launch --env PATH=/busybox mgmt -- echo found
equal 'the command is looked up by it' "$out" found

case_ chdir_is_done_as_the_user
mkdir -p /tmp/open /tmp/shut
chmod 700 /tmp/shut
run /vrf-launch --chdir /tmp/open mgmt -- /busybox/pwd
equal 'there' "$out" /tmp/open
run /vrf-launch --user web --chdir /tmp/shut mgmt -- echo started
equal 'where the user may not go' "$status$out" 111
match 'message' "$err" '^vrf-launch: cannot go to /tmp/shut: EACCES'

case_ resolv_conf_is_private
echo 'nameserver 192.0.2.1' >/etc/resolv.conf
echo 'nameserver 10.20.30.1' >/etc/resolv.mgmt
mount --make-rshared /
run /vrf-launch --resolv-conf /etc/resolv.mgmt mgmt -- cat /etc/resolv.conf
equal 'inside' "$status$out" '0nameserver 10.20.30.1'
background /vrf-launch --resolv-conf /etc/resolv.mgmt --user web --chdir /etc mgmt -- sleep 100
soon grep -q resolv /proc/"$pid"/mountinfo || fail 'it is not mounted inside'
equal 'outside' "$(cat /etc/resolv.conf)" 'nameserver 192.0.2.1'
refuse 'nothing shows outside' grep resolv /proc/self/mountinfo
mkdir -p /tmp/later
mount -t tmpfs later /tmp/later
expect 'what is mounted outside later comes in' grep -q /tmp/later /proc/"$pid"/mountinfo
umount /tmp/later

case_ what_cannot_be_is_refused
for words in '--user nobody-here' '--user web:no-such-group' '--user 4711' '--user lost' '--user 4294967295:0' '--user web:4294967295' \
    '--user :web' '--env NAME' '--env =x' '--user=' '--env=' '--chdir=' '--resolv-conf='; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $words mgmt -- echo started
    equal "exit code of <$words>" "$status" 100
    equal "<$words> is not started" "$out" ''
    match "message of <$words>" "$err" '^vrf-launch: '
done
for words in '--chdir /no/such' '--resolv-conf /no/such'; do
    # shellcheck disable=SC2086 # words
    run /vrf-launch $words mgmt -- echo started
    equal "exit code of <$words>" "$status$out" 111
    match "message of <$words>" "$err" 'ENOENT'
done
run /vrf-launch --user web mgmt -- /vrf-launch --user root default -- echo started
equal 'who is not root cannot become root' "$status$out" 111

# fish completion for vrf-launch: /usr/share/fish/vendor_completions.d/vrf-launch.fish

function __vrf_launch_vrfs
    vrf-launch ip vrf show 2>/dev/null | sed 1,2d | cut -d ' ' -f 1
end

# __vrf_launch_names KEYWORD: what stanzas of that kind are called
function __vrf_launch_names
    for file in /etc/vrf-launch.conf /etc/network/interfaces
        if test -r $file
            sed -n "s/^[[:space:]]*$argv[1][[:space:]]*\([^[:space:]]*\).*/\1/p" $file
            return
        end
    end
end

set -l commands up down plan confirm run init show check explain pids identify adopt ip help
complete -c vrf-launch -f
complete -c vrf-launch -n __fish_use_subcommand -a up -d 'Make the kernel agree with the configuration'
complete -c vrf-launch -n __fish_use_subcommand -a down -d 'Undo what up did'
complete -c vrf-launch -n __fish_use_subcommand -a plan -d 'What up would do, as iproute2 commands'
complete -c vrf-launch -n __fish_use_subcommand -a confirm -d 'Keep what up --confirm did'
complete -c vrf-launch -n __fish_use_subcommand -a run -d 'Up, then start services and look after them'
complete -c vrf-launch -n __fish_use_subcommand -a init -d "The first process's duties"
complete -c vrf-launch -n __fish_use_subcommand -a show -d 'VRFs, tables, members, routes, rules, services'
complete -c vrf-launch -n __fish_use_subcommand -a check -d 'Whether the isolation holds'
complete -c vrf-launch -n __fish_use_subcommand -a explain -d 'Which rule, table and route decide'
complete -c vrf-launch -n __fish_use_subcommand -a pids -d 'The processes in a VRF'
complete -c vrf-launch -n __fish_use_subcommand -a identify -d 'The VRF of a process'
complete -c vrf-launch -n __fish_use_subcommand -a adopt -d 'Move a running process into a VRF'
complete -c vrf-launch -n __fish_use_subcommand -a ip -d 'As ip(8)'
complete -c vrf-launch -n __fish_use_subcommand -a help -d 'Of a command'
complete -c vrf-launch -n __fish_use_subcommand -a 'default (__vrf_launch_vrfs)' -d VRF
complete -c vrf-launch -n '__fish_seen_subcommand_from up down plan' -a '(__vrf_launch_names iface)'
complete -c vrf-launch -n '__fish_seen_subcommand_from run' -a '(__vrf_launch_names service)'
complete -c vrf-launch -n '__fish_seen_subcommand_from show check explain pids adopt' -a '(__vrf_launch_vrfs)'
complete -c vrf-launch -n '__fish_seen_subcommand_from identify adopt' -a '(__fish_complete_pids)'
complete -c vrf-launch -n '__fish_seen_subcommand_from help' -a "$commands"
complete -c vrf-launch -n "not __fish_seen_subcommand_from $commands; and not __fish_use_subcommand" -a '(__fish_complete_subcommand)'
complete -c vrf-launch -s c -l config -r -F -d Configuration
complete -c vrf-launch -l isolation -x -a 'bind guard strict' -d 'How the service is kept'
complete -c vrf-launch -l bind -x -a 'auto cgroup seccomp none' -d 'How sockets are bound'
complete -c vrf-launch -l listen -x -a 'tcp: udp:' -d 'Open a socket for it'
complete -c vrf-launch -l inetd -d 'Start it for each connection'
complete -c vrf-launch -l max-connections -x -d 'How many at once'
complete -c vrf-launch -l max-per-source -x -d 'How many from one address'
complete -c vrf-launch -l user -x -a '(__fish_complete_users)' -d 'As whom'
complete -c vrf-launch -l env -x -d 'A variable'
complete -c vrf-launch -l chdir -x -a '(__fish_complete_directories)' -d 'Where it starts'
complete -c vrf-launch -l resolv-conf -r -F -d 'In the place of /etc/resolv.conf'
complete -c vrf-launch -l wait -x -d 'Longest wait, seconds'
complete -c vrf-launch -l confirm -x -d 'Put it back unless confirmed, seconds'
complete -c vrf-launch -l exact -d 'Only what the file says'
complete -c vrf-launch -l diff -d 'Only what would change'
complete -c vrf-launch -l json -d 'As JSON'
complete -c vrf-launch -l from -x -d 'Source address'
complete -c vrf-launch -l port -x -d Port
complete -c vrf-launch -l in -x -a '(__fish_print_interfaces)' -d 'Incoming interface'
complete -c vrf-launch -l keep-fd -x -d 'Do not close that descriptor'
complete -c vrf-launch -l no-new-privs -x -a 'yes no' -d 'Setuid programs gain nothing'
complete -c vrf-launch -s n -l dry-run -d 'Change nothing'
complete -c vrf-launch -s q -l quiet -d 'No warnings'
complete -c vrf-launch -s v -l verbose -d 'Say each step'
complete -c vrf-launch -s h -l help -d Help
complete -c vrf-launch -s V -l version -d Version

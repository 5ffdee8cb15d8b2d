/* What scenario init-load needs: init-load orphans GROUPS COUNT | bomb | exhaust GO PIDS KEEP BOMB */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Groups of children whose parent is gone, of which all end at once. */
static int orphans(int groups, int count)
{
	while (groups-- > 0) {
		int hold[2], status;
		if (pipe(hold))
			return 1;
		pid_t parent = fork();
		if (parent == 0) {
			for (int n = 0; n < count; n++) {
				pid_t child = fork();
				if (child < 0)
					_exit(1);
				if (child == 0) {
					char byte;
					close(hold[1]);
					_exit(read(hold[0], &byte, 1) != 0);
				}
			}
			_exit(0);
		}
		if (parent < 0 || waitpid(parent, &status, 0) != parent || status)
			return 1;
		close(hold[0]);
		close(hold[1]);
	}
	return 0;
}

/* Takes every process number there is, and those that become free. */
static void bomb(void)
{
	for (;;)
		if (fork() < 0)
			usleep(100000);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* Whether there is no process number for anybody; where there is one, it is given back. */
static int none_is_left(void)
{
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid(child, NULL, 0);
	return child < 0 && errno == EAGAIN;
}

/* Kills the processes that are listed in a file, but for one. */
static void kill_all(const char *pids, int keep)
{
	FILE *file = fopen(pids, "r");
	int pid;
	while (file && fscanf(file, "%d", &pid) == 1)
		if (pid != keep)
			kill(pid, SIGKILL);
	if (file)
		fclose(file);
}

/* Whether a new line of the kernel's log says that one of the services s1 to s20 could not be started for want of a number. */
static int is_told(int log)
{
	char line[8192];
	ssize_t length;
	while ((length = read(log, line, sizeof line - 1)) > 0 || (length < 0 && errno == EPIPE)) {
		line[length > 0 ? length : 0] = 0;
		const char *name = strstr(line, "vrf-launch: cannot start s");
		if (name && name[26] >= '0' && name[26] <= '9' && strstr(name, ": EAGAIN"))
			return 1;
	}
	return 0;
}

/*
 * Lets the bomb go by making the file GO, waits until no process number is left, and kills the processes of the file PIDS but
 * for KEEP, again and again until the first process has said that it could not start one anew; then ends the group BOMB, and waits
 * until there are numbers again. It starts nothing meanwhile, as a shell would have to.
 */
static int exhaust(const char *go, const char *pids, int keep, int group)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), in_a_row = 0, told = 0;
	if (log < 0 || lseek(log, 0, SEEK_END) < 0 || close(open(go, O_WRONLY | O_CREAT, 0600)))
		return 1;
	for (double end = now() + 60; in_a_row < 10 && now() < end; usleep(20000))
		in_a_row = none_is_left() ? in_a_row + 1 : 0;
	if (in_a_row < 10)
		fputs("the bomb has not taken all process numbers\n", stderr);
	for (double end = now() + 90; in_a_row == 10 && !told && now() < end;) {
		kill_all(pids, keep);
		for (double next = now() + 5; !told && now() < next; usleep(50000))
			told = is_told(log);
	}
	if (in_a_row == 10 && !told)
		fputs("the first process has not said that it can start nothing\n", stderr);
	if (kill(-group, SIGKILL)) {
		perror("no bomb of that number");
		return 1;
	}
	/* They end one after the other, and a shell that cannot fork gives up. */
	in_a_row = 0;
	for (double end = now() + 60; in_a_row < 10 && now() < end; usleep(20000))
		in_a_row = none_is_left() ? 0 : in_a_row + 1;
	return !told || in_a_row < 10;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "orphans"))
		return orphans(atoi(argv[2]), atoi(argv[3]));
	if (argc == 2 && !strcmp(argv[1], "bomb"))
		bomb();
	if (argc == 6 && !strcmp(argv[1], "exhaust"))
		return exhaust(argv[2], argv[3], atoi(argv[4]), atoi(argv[5]));
	return 2;
}

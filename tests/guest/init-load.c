/* What scenario init-load needs: init-load orphans GROUPS COUNT | bomb */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "orphans"))
		return orphans(atoi(argv[2]), atoi(argv[3]));
	if (argc == 2 && !strcmp(argv[1], "bomb"))
		bomb();
	return 2;
}

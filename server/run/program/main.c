#include "run/run.h"

int main(int count, char **arguments)
{
    return run_main(count, arguments);
}

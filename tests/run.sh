#!/usr/bin/env bash
# The tests: everything, or the stages named. See --help.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: tests/run.sh [STAGE...]

Runs all stages in this order, or only the named ones, and stops at the first that fails:

  install     installs what is missing of tests/packages.txt
  house       structure test, clang-format, clang-tidy
  release     optimised build without warnings; unit, property and structure tests
  asan        the same tests under the address and undefined-behaviour sanitizers
  tsan        the same tests under the thread sanitizer
  scenarios   the real server and real clients; examples/quickstart.sh --check
  faults      failing disks, dying processes, power cuts, and samples of the fuzz tests

The last line is "N passed, N failed", over all tests that ran.

Environment:
  OXBOW_JOBS          processes at a time (default: the number of cores)
  OXBOW_SEED          seed of the randomised tests (default: the commit's number, so that a commit that passed passes
                      again and each next one tries something new)
  OXBOW_TEST_SCALE    multiplies the rounds of the randomised tests (default 1)
  OXBOW_TIDY_SECONDS  time that clang-tidy may take (default 300)
  TMPDIR              where scratch files go (default /tmp)

Builds are kept in build/; remove that folder to start from nothing. The output of one test:
  ctest --preset release -R unit/base/bytes -V
TEXT
}

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"
export LC_ALL=C.UTF-8
export OXBOW_JOBS=${OXBOW_JOBS:-$(nproc)}
export TMPDIR=${TMPDIR:-/tmp}
# Without git, or where git does not trust the folder's owner, always the same.
commit=$(git -c safe.directory='*' rev-parse --short=7 HEAD 2>/dev/null) || commit=1
export OXBOW_SEED=${OXBOW_SEED:-$((16#${commit:0:7}))}

readonly stages=(install house release asan tsan scenarios faults)
# Minutes on two cores. A stage that takes longer says so; what hangs is ended by its own time limit.
declare -rA budgets=([install]=5 [house]=6 [release]=12 [asan]=12 [tsan]=8 [scenarios]=12 [faults]=10)
readonly everywhere='^(unit|property|structure)$'

passed=0
failed=0

# Builds preset $1. Further arguments go to the configuration.
build() {
    local preset=$1
    shift
    cmake --preset "$preset" "$@" >"build/$preset.configure.txt" 2>&1 || {
        cat "build/$preset.configure.txt"
        echo "cmake --preset $preset failed."
        return 1
    }
    cmake --build --preset "$preset" -j "$OXBOW_JOBS"
}

# The number that attribute $2 has in the head of the report $1; 0 when there is none.
report_number() {
    { grep -o "$2=\"[0-9]*\"" "$1" 2>/dev/null || echo '"0"'; } | head -n 1 | tr -dc '0-9'
}

# Runs the tests of preset $1 whose label matches $2, and adds them to the totals.
run_tests() {
    local report="$project/build/$1.report.xml" status=0 tests failures skipped
    rm -f "$report"
    ctest --preset "$1" -L "$2" -j "$OXBOW_JOBS" --timeout 900 --no-tests=ignore --output-junit "$report" || status=$?
    tests=$(report_number "$report" tests)
    failures=$(report_number "$report" failures)
    skipped=$(($(report_number "$report" skipped) + $(report_number "$report" disabled)))
    passed=$((passed + tests - failures - skipped))
    # A test whose program is missing is no failure to the report, but it is one to ctest.
    [ "$status" -eq 0 ] || [ "$failures" -gt 0 ] || failures=1
    failed=$((failed + failures))
    return "$status"
}

# Runs one command as one test named $1.
run_as_test() {
    local name=$1
    shift
    echo "Running $name"
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$name failed."
        return 1
    fi
}

format_check() {
    find . \( -path ./build -o -path ./.git \) -prune -o -name '*.[ch]' -type f -print0 |
        xargs -0 -r clang-format-14 --dry-run --Werror
}

# Warnings are errors in every build that tests make, so that one build/release serves all stages.
build_release() {
    build release -DOXBOW_WERROR=ON
}

stage_install() {
    tests/install.sh build checks
    command -v node >/dev/null || tests/install.sh node
    timeout 240 tests/install.sh go || echo "Without Go the tests of gocql and the AWS SDK for Go are skipped."
}

stage_house() {
    cmake --preset release -DOXBOW_WERROR=ON >/dev/null || return
    run_tests release '^structure$' || return
    run_as_test "clang-format" format_check || return
    run_as_test "clang-tidy" tests/tidy.sh build/release "${OXBOW_TIDY_SECONDS:-300}"
}

stage_release() {
    build_release || return
    run_tests release "$everywhere"
}

stage_asan() {
    build asan || return
    run_tests asan "$everywhere"
}

stage_tsan() {
    build tsan || return
    run_tests tsan "$everywhere"
}

stage_scenarios() {
    build_release || return
    run_tests release '^scenario$' || return
    if [ -f examples/quickstart.sh ]; then
        run_as_test "examples/quickstart.sh --check" timeout 600 bash examples/quickstart.sh --check </dev/null
    fi
}

stage_faults() {
    build_release || return
    run_tests release '^fault$' || return
    build fuzz || return
    run_tests fuzz '^fuzz$'
}

run_stage() {
    local stage=$1 started=$EPOCHSECONDS status=0 seconds budget
    echo "== $stage"
    "stage_$stage" || status=$?
    seconds=$((EPOCHSECONDS - started))
    budget=${budgets[$stage]}
    echo "== $stage took $((seconds / 60)) min $((seconds % 60)) s"
    if [ "$seconds" -gt $((budget * 60)) ]; then
        echo "== $stage is over its budget of $budget min"
    fi
    return "$status"
}

finish() {
    echo "$passed passed, $failed failed"
    exit "$1"
}

chosen=()
for argument in "$@"; do
    case " ${stages[*]} " in
    *" $argument "*) chosen+=("$argument") ;;
    *)
        if [ "$argument" = -h ] || [ "$argument" = --help ]; then
            usage
            exit 0
        fi
        echo "tests/run.sh: there is no stage \"$argument\"; the stages are: ${stages[*]}" >&2
        exit 2
        ;;
    esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${stages[@]}")

mkdir -p build
echo "OXBOW_SEED=$OXBOW_SEED"
for stage in "${chosen[@]}"; do
    if ! run_stage "$stage"; then
        echo "Stage $stage failed; what comes after it was not run. Again: tests/run.sh $stage"
        [ "$failed" -gt 0 ] || failed=1
        finish 1
    fi
done
if [ "$((passed + failed))" -eq 0 ] && [ "${chosen[*]}" != install ]; then
    echo "No test ran."
    finish 1
fi
finish 0

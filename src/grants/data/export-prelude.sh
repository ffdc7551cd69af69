# ---- How a command is run ---------------------------------------------------------------------------------------
# Each command writes its file or one line of errors.jsonl. A file is written beside its name and renamed when it is
# whole, so a file that is there is an answer and is not asked for again; nor is what AWS said does not exist.

set -u
umask 077
export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off AWS_RETRY_MODE=standard PYTHONUTF8=1
export AWS_MAX_ATTEMPTS="${AWS_MAX_ATTEMPTS:-6}"

say() { printf 'export: %s\n' "$*" >&2; }
now() { date -u +%Y-%m-%dT%H:%M:%SZ; }
tally() { printf '%s\n' "$*" >>"$work/tally"; }

# A text as the inside of a JSON string.
escaped() {
  printf '%s' "$1" | tr '\n\r\t' '   ' | LC_ALL=C tr -d '\000-\037\177' | sed 's/\\/\\\\/g; s/"/\\"/g'
}

# An id as a file name: as it is where it can be, else with a checksum, so that two ids never share a file.
safe() {
  case $1 in
  .* | *[!A-Za-z0-9._@+=,-]*) ;;
  *) if [ "${#1}" -le 200 ]; then printf '%s' "$1"; return; fi ;;
  esac
  safe_sum=$(printf '%s' "$1" | cksum)
  safe_name=$(printf '%s' "$1" | LC_ALL=C tr -c 'A-Za-z0-9._@+=,-' '_')
  case $safe_name in .*) safe_name=_$safe_name ;; esac
  printf '%.180s~%s' "$safe_name" "${safe_sum%% *}"
}

# What an ARN's last part names: after the type.
name_of() {
  case $1 in
  arn:*) name_rest=${1#*:*:*:*:*:}; printf '%s' "${name_rest#*[:/]}" ;;
  *) printf '%s' "$1" ;;
  esac
}

# One call. Standard input is nothing, so that a loop over a list does not lose it.
run() {
  tally call
  aws --region "$region" "$@" --output json --cli-connect-timeout 10 --cli-read-timeout 60 </dev/null
}

settled() {
  [ -s "$out/$1" ] || grep -Fxq -e "$1" "$work/absent"
}

# Commands run side by side, as many as may; between them is the time to renew the credentials of another account.
all_done() {
  wait
  running=0
}
slot() {
  running=$((running + 1))
  if [ "$running" -gt "$jobs" ]; then
    wait
    running=1
    renew
  fi
}

# The code of a failure, out of what the CLI printed.
code_of() {
  code_found=$(sed -n 's/.*An error occurred (\([^()]*\)) when calling.*/\1/p' "$1" | head -n 1)
  if [ -n "$code_found" ]; then printf '%s' "$code_found"; return; fi
  case $(cat "$1") in
  *'Could not connect to the endpoint'* | *'Connection was closed'*) printf EndpointConnectionError ;;
  *'imeout on endpoint'* | *'imed out'*) printf Timeout ;;
  *'nable to locate credentials'*) printf NoCredentials ;;
  *'SSL validation failed'*) printf SSLError ;;
  *'nvalid choice'* | *'nknown options'* | *'arguments are required'*) printf UnknownCommand ;;
  *) printf Unknown ;;
  esac
}

# A line of errors.jsonl, written at once, so that commands that run side by side do not mix.
# failed FILE ITEM EXIT STDERR COMMAND…
failed() {
  failed_file=$1 failed_item=$2 failed_exit=$3 failed_err=$4
  shift 4
  failed_code=$(code_of "$failed_err")
  {
    printf '{"file":"%s",' "$(escaped "$failed_file")"
    if [ -n "$failed_item" ]; then printf '"resourceArn":"%s",' "$(escaped "$failed_item")"; fi
    printf '"cmd":"%s","exit":%s,"code":"%s",' "$(escaped "aws $*")" "$failed_exit" "$(escaped "$failed_code")"
    printf '"message":"%s","at":"%s"}\n' "$(escaped "$(cat "$failed_err")" | sed 's/^ *//; s/ *$//')" "$(now)"
  } >"$failed_err.line"
  cat "$failed_err.line" >>"$out/errors.jsonl"
  rm -f "$failed_err.line"
  case $known_absent in
  *" $failed_code "*) tally absent "$failed_code" ;;
  *)
    say "$failed_file: $failed_code"
    # Many services are not in every region: see collect.
    if [ "$failed_code" = EndpointConnectionError ]; then tally unreachable; else tally error "$failed_code"; fi
    ;;
  esac
}

# The pages that the CLI does not put together by itself: each is asked for, and their items are made one list.
# more PART COMMAND…
more() {
  more_part=$1
  shift
  while :; do
    more_option=--next-token
    more_token=$(sed -n 's/^    "NextToken": "\(.*\)",\{0,1\}$/\1/p' "$more_part" | head -n 1)
    if [ -z "$more_token" ]; then
      more_option=--marker
      more_token=$(sed -n 's/^    "Marker": "\(.*\)",\{0,1\}$/\1/p' "$more_part" | head -n 1)
    fi
    [ -n "$more_token" ] || return 0
    run "$@" "$more_option" "$more_token" >"$more_part.next" || return
    awk '
      FNR == 1 { page++; first = 1 }
      /^    "(NextToken|Marker|IsTruncated)": / { if (page == 2) token[++tokens] = $0; next }
      /^    "[A-Za-z]+": \[\],?$/ { if (head == "") { head = $0; sub(/\[.*/, "[", head) } next }
      /^    "[A-Za-z]+": \[$/ { head = $0; inside = 1; next }
      /^    \],?$/ { inside = 0; next }
      inside { if (first && items != "") items = items ",\n"; else if (items != "" ) items = items "\n"; first = 0; items = items $0; next }
      page == 1 && /^    "[A-Za-z]+": [^{[]/ { sub(/,$/, ""); rest[++rests] = $0 }
      END {
        print "{"
        for (i = 1; i <= rests; i++) print rest[i] ","
        for (i = 1; i <= tokens; i++) { sub(/,$/, "", token[i]); print token[i] "," }
        print head
        if (items != "") print items
        print "    ]"
        print "}"
      }' "$more_part" "$more_part.next" >"$more_part.both"
    mv "$more_part.both" "$more_part"
    rm -f "$more_part.next"
  done
}

wrap() {
  [ "$4" = wrapped ] || return 0
  {
    printf '{"resourceArn":"%s","call":"%s","at":"%s","output":\n' "$(escaped "$3")" "$5 $6" "$(now)"
    cat "$2" && printf '}\n'
  } >"$2.whole" && mv "$2.whole" "$2"
}

# Puts an answer in its place. A CLI that has nothing to say prints nothing: that is an empty object.
# put FILE PART ITEM wrapped|plain SERVICE OPERATION
put() {
  [ -s "$2" ] || printf '{}\n' >"$2"
  if wrap "$@" && mv "$2" "$out/$1"; then
    tally file
  else
    say "$1: cannot be written"
    tally error
  fi
}

# ask FILE ITEM wrapped|plain COMMAND…
ask() (
  file=$1 item=$2 form=$3
  shift 3
  if settled "$file"; then exit 0; fi
  part=$out/$file.part why=$out/$file.why
  mkdir -p "$out/${file%/*}"
  if run "$@" >"$part" 2>"$why" && more "$part" "$@" 2>"$why"; then
    put "$file" "$part" "$item" "$form" "$1" "$2"
  else
    failed "$file" "$item" "$?" "$why" "$@"
  fi
  rm -f "$part" "$part".* "$why"
)

# Something that AWS makes first, which takes it some time: `run` until the answer has a line that says it is done.
# until_done PART WHY PATTERN COMMAND…
until_done() {
  done_part=$1 done_why=$2 done_line=$3
  shift 3
  tries=0
  while [ "$tries" -lt 20 ]; do
    run "$@" >"$done_part" 2>"$done_why" || return
    if grep -q "$done_line" "$done_part"; then return 0; fi
    tries=$((tries + 1))
    sleep "$tries"
  done
  printf 'An error occurred (NotReady) when calling %s: it was still not made after some minutes\n' "$2" >"$done_why"
  return 1
}

# The credential report is made, then read.
# report FILE COMMAND…
report() (
  file=$1
  shift
  if settled "$file"; then exit 0; fi
  mkdir -p "$out/${file%/*}"
  if until_done "$out/$file.part" "$out/$file.why" '"State": "COMPLETE"' iam generate-credential-report; then
    ask "$file" '' plain "$@"
  else
    failed "$file" '' "$?" "$out/$file.why" iam generate-credential-report
  fi
  rm -f "$out/$file.part" "$out/$file.why"
)

# Access advisor: a job for one user or role, then its answer.
# advisor FILE ARN COMMAND… (the last word is the option that takes the job's id)
advisor() (
  file=$1 item=$2
  shift 2
  if [ "$access_advisor" != 1 ] || settled "$file"; then exit 0; fi
  part=$out/$file.part why=$out/$file.why
  mkdir -p "$out/${file%/*}"
  if run iam generate-service-last-accessed-details --arn "$item" --granularity ACTION_LEVEL >"$part" 2>"$why"; then
    job=$(sed -n 's/^    "JobId": "\(.*\)",\{0,1\}$/\1/p' "$part")
    if until_done "$part" "$why" '^    "JobStatus": "[CF]' "$@" "$job" && more "$part" "$@" "$job" 2>"$why"; then
      if grep -q '^    "JobStatus": "FAILED"' "$part"; then
        printf 'An error occurred (JobFailed) when calling %s\n' "$2" >"$why"
        failed "$file" "$item" 1 "$why" "$@" "$job"
      else
        put "$file" "$part" "$item" wrapped "$1" "$2"
      fi
    else
      failed "$file" "$item" "$?" "$why" "$@" "$job"
    fi
  else
    failed "$file" "$item" "$?" "$why" iam generate-service-last-accessed-details --arn "$item"
  fi
  rm -f "$part" "$part".* "$why"
)

# ---- What the answers name --------------------------------------------------------------------------------------

# The values of a field in the answers of a list, each once: of files, or of all files of a folder. As the CLI prints JSON, a field of
# the things in a list stands on a line of its own behind twelve spaces, a list of texts behind eight.
# items FIELD FILE|FOLDER…
items() {
  items_field=$1
  shift
  # What was not answered names nothing.
  find "$@" -name '*.json' -exec awk -v field="$items_field" '
    FNR == 1 { inside = 0 }
    index($0, "    \"" field "\": [") == 1 { inside = 1; next }
    inside && /^    \]/ { inside = 0 }
    {
      start = "            \"" field "\": \""
      if (inside) start = "        \""
      if (index($0, start) != 1) next
      value = substr($0, length(start) + 1)
      sub(/",?$/, "", value)
      if (value != "" && !(value in seen)) print value
      seen[value] = 1
    }' {} + 2>/dev/null
}

# A field of those things of a list of which another field is (or, with !, is not) one of some values.
# chosen FILE FIELD OTHER[|OTHER] [!]VALUE[|VALUE]
chosen() {
  if [ -s "$1" ]; then
    awk -v field="$2" -v other="$3" -v values="$4" '
      BEGIN { without = sub(/^!/, "", values) }
      function text() { line = $0; sub(/^[^:]*: "/, "", line); sub(/",?$/, "", line); return line }
      $0 ~ "^            \"" field "\": \"" { found = text() }
      $0 ~ "^            \"(" other ")\": \"" { if (text() ~ "^(" values ")$") hit = 1 }
      /^        \}/ { if (found != "" && (without ? !hit : hit)) print found; found = ""; hit = 0 }' "$1"
  fi
}

# The regions that are on, from the account's answers.
enabled_regions() {
  enabled=$(chosen "$1/regions.json" RegionName RegionOptStatus 'ENABLED|ENABLED_BY_DEFAULT')
  if [ -z "$enabled" ]; then
    enabled=$(chosen "$1/ec2-regions.json" RegionName OptInStatus 'opt-in-not-required|opted-in')
  fi
  if [ -z "$enabled" ]; then
    say "$account: its regions are not known; only $home is asked"
    enabled=$home
  fi
  printf '%s\n' "$enabled" | LC_ALL=C sort
}

# Those ARNs that are of users and roles.
users_and_roles() { grep -E '^arn:[^:]*:iam::[0-9]*:(user|role)/'; }

region_of() {
  region_rest=${1#*:*:*:}
  printf '%s' "${region_rest%%:*}"
}

# Of trails that several regions show, those to ask about here: in the trail's own region, or in the first of the
# regions where that is not asked.
trails_here() {
  while read -r trail; do
    trail_region=$(region_of "$trail")
    case " $regions " in
    *" $trail_region "*) if [ "$trail_region" = "$region" ]; then printf '%s\n' "$trail"; fi ;;
    *) if [ "${regions%% *}" = "$region" ]; then printf '%s\n' "$trail"; fi ;;
    esac
  done
}

# ---- Accounts ---------------------------------------------------------------------------------------------------

# All of one account.
collect() {
  account=$1 region=$home
  say "account $account"
  account_rows
  if [ -n "$asked_regions" ]; then
    regions=$asked_regions
  else
    regions=$(enabled_regions "$out/accounts/$account/global" | tr '\n' ' ')
  fi
  regions=${regions% }
  for region in $regions; do
    say "account $account, $region"
    region_rows
    # A service that is not in a region has no endpoint there, which is no failure. A region with nothing at all is.
    if [ -z "$(find "$out/accounts/$account/$region" -name '*.json' 2>/dev/null | head -n 1)" ]; then
      say "account $account, $region: no answer at all"
      tally error
    fi
  done
  region=$home
}

# ---- Begin and end ----------------------------------------------------------------------------------------------

manifest() {
  manifest_time=$(sed -n 's/.*"createdAt":"\([^"]*\)".*/\1/p' "$out/manifest.json" 2>/dev/null)
  manifest_accounts=$(find "$out/accounts" -mindepth 1 -maxdepth 1 -type d | sed 's:.*/::; s/.*/"&"/' | LC_ALL=C sort | tr '\n' ',')
  printf '{"bundleVersion":1,"createdAt":"%s","tool":"%s","accounts":[%s],"partition":"%s"}\n' \
    "${manifest_time:-$(now)}" "$(escaped "$tool")" "${manifest_accounts%,}" "$partition" >"$out/manifest.json.part"
  mv "$out/manifest.json.part" "$out/manifest.json"
}

# Of several lines about one file the last counts, and none where the file came after all.
tidy_errors() {
  if [ -s "$out/errors.jsonl" ]; then
    awk -v out="$out/" '
      { name = $0; sub(/^\{"file":"/, "", name); sub(/".*/, "", name); if (!(name in last)) order[++n] = name; last[name] = $0 }
      END {
        for (i = 1; i <= n; i++) {
          path = out order[i]
          if ((getline line < path) <= 0) print last[order[i]]
          close(path)
        }
      }' "$out/errors.jsonl" >"$work/errors" && cat "$work/errors" >"$out/errors.jsonl.part" && mv "$out/errors.jsonl.part" "$out/errors.jsonl"
  fi
}

begin() {
  mkdir -p "$out" || exit 1
  out=$(cd "$out" && pwd) || exit 1
  work=$(mktemp -d) || exit 1
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM HUP
  find "$out" \( -name '*.part' -o -name '*.part.*' -o -name '*.why' -o -name '*.why.line' \) -exec rm -f {} +
  : >"$work/tally"
  touch "$out/errors.jsonl"
  # What AWS said does not exist: an answer, and not asked for again.
  awk -v known="$known_absent" '
    { code = $0; sub(/.*,"exit":[0-9]+,"code":"/, "", code); sub(/".*/, "", code)
      name = $0; sub(/^\{"file":"/, "", name); sub(/".*/, "", name)
      if (index(known, " " code " ")) print name }' "$out/errors.jsonl" >"$work/absent"
  running=0
  home=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region 2>/dev/null)}}
  home=${home:-us-east-1} region=${home:-us-east-1}
  since=$(($(date +%s) - 90 * 86400))
  tool=$(aws --version 2>&1 | cut -d ' ' -f 1)
  if ! run sts get-caller-identity >"$work/caller" 2>"$work/why"; then
    cat "$work/why" >&2
    say "no account answers: are there credentials?"
    exit 1
  fi
  own_account=$(sed -n 's/^    "Account": "\([0-9]*\)",\{0,1\}$/\1/p' "$work/caller")
  partition=$(sed -n 's/^    "Arn": "arn:\([a-z-]*\):.*/\1/p' "$work/caller")
  account=$own_account
  mkdir -p "$out/accounts/$account/global"
  if ! [ -s "$out/accounts/$account/global/caller.json" ]; then
    cp "$work/caller" "$out/accounts/$account/global/caller.json.part"
    mv "$out/accounts/$account/global/caller.json.part" "$out/accounts/$account/global/caller.json"
    tally file
  fi
  manifest
}

finish() {
  wait
  tidy_errors
  manifest
  count() { grep -c "^$1" "$work/tally"; }
  say "$(count call) calls, $(count file) new files, $(count absent) known absent, $(count unreachable) without an endpoint, $(count error) errors; in $out"
  if [ "$(count error)" -gt 0 ]; then exit 4; fi
  exit 0
}

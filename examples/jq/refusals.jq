# Why stores may not leave: each refusal of ebb check with what can be done about it.
# Nothing is printed when they may; the exit status of ebb check says so as well.
#
#   $ ebb check prod -N 1,2,3 --jq "$(cat refusals.jq)"
.leave.findings[]
| select(.result == "refused")
| {check, summary, fix}

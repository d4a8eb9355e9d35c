package operators

// commandsOf are the shell functions that speak to PD, by format. cluster, region
// and operator print what PD says; add prints it and fails unless PD took the
// operator. pd-ctl ends with 0 also when PD refuses (every version), so its words
// count, not its status.
var commandsOf = map[Format]string{
	FormatPDCtl: `# With tiup: PD_CTL='tiup ctl:v8.1.0 pd' bash SCRIPT
PD_CTL=${PD_CTL:-pd-ctl}
ctl() { $PD_CTL -u "$PD" ${TLS[@]+"${TLS[@]}"} "$@" 2>&1; }
pd_cluster() { ctl cluster; }
pd_region() { ctl region "$1"; }
pd_operator() { ctl operator check "$1"; }
pd_remove_peer() {
	local said
	said=$(ctl operator add remove-peer "$1" "$2")
	echo "$said"
	[[ $said == *Success!* ]]
}
`,
	FormatCurl: `ask() { curl -sS --max-time 30 ${TLS[@]+"${TLS[@]}"} "$@" 2>&1; }
pd_cluster() { ask "$PD/pd/api/v1/cluster"; }
pd_region() { ask "$PD/pd/api/v1/region/id/$1"; }
pd_operator() { ask "$PD/pd/api/v1/operators/$1"; }
pd_remove_peer() {
	local said
	said=$(ask -w ' %{http_code}' -X POST -H 'Content-Type: application/json' \
		-d "{\"name\":\"remove-peer\",\"region_id\":$1,\"store_id\":$2}" "$PD/pd/api/v1/operators")
	echo "$said"
	[[ $said == *' 200' ]]
}
`,
}

// scriptBody checks before each removal what can be checked without ebb, and
// waits for its end: PD takes one operator of a region at a time, and 200 means
// created, not done.
const scriptBody = `removed=0 skipped=0

check_cluster() {
	if [[ $(date +%s) -gt $UNTIL ]]; then
		echo "this script is too old to be trusted: make a new one with ebb orphans script" >&2
		exit 5
	fi
	if [[ $(pd_cluster | tr -d ' \t\r\n') != *'"id":'"$1"[,}]* ]]; then
		echo "PD at $PD does not answer for cluster $1" >&2
		exit 5
	fi
}

# is_unchanged REGION STORE CONF_VER VERSION
is_unchanged() {
	local said
	said=$(pd_region "$1" | tr -d ' \t\r\n')
	[[ $said == *'"epoch":{"conf_ver":'"$3"',"version":'"$4"'}'* && $said == *'"store_id":'"$2"[,}]* ]]
}

# is_gone REGION STORE
is_gone() {
	local said
	said=$(pd_region "$1" | tr -d ' \t\r\n')
	said=${said%%'"down_peers"'*}
	said=${said%%'"leader"'*}
	[[ $said == *'"id":'"$1"[,}]* && $said == *'"peers":['* && $said != *'"store_id":'"$2"[,}]* ]]
}

# remove_peer REGION STORE CONF_VER VERSION
remove_peer() {
	if [[ $(date +%s) -gt $UNTIL ]]; then
		echo "region $1: left alone: the script is too old now" >&2
		skipped=$((skipped + 1))
		return
	fi
	if is_gone "$1" "$2"; then
		echo "region $1: peer on store $2 is gone already"
		return
	fi
	if ! is_unchanged "$@"; then
		echo "region $1: left alone: it changed since it was judged" >&2
		skipped=$((skipped + 1))
		return
	fi
	if [[ $(pd_operator "$1") == *'status: RUNNING'* ]]; then
		echo "region $1: left alone: PD runs an operator on it" >&2
		skipped=$((skipped + 1))
		return
	fi
	local said
	if ! said=$(pd_remove_peer "$1" "$2"); then
		echo "region $1: PD refused: $said" >&2
		skipped=$((skipped + 1))
		return
	fi
	for _ in {1..90}; do
		if is_gone "$1" "$2"; then
			echo "region $1: peer on store $2 removed"
			removed=$((removed + 1))
			return
		fi
		sleep 1
	done
	echo "region $1: not done after 90 s; PD may still do it" >&2
	skipped=$((skipped + 1))
}

`

// scriptEnd ends with 8 when something is left, as ebb does.
const scriptEnd = `
echo "$removed removed, $skipped left"
[[ $skipped -eq 0 ]] || exit 8
`

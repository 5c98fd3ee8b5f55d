# Turns an act, a plain SQL file, into a psql script that shows what it runs.
#
# First line: "-- Title". Further comment lines between statements are prose. A statement is shown,
# run and (but for SET and EXPLAIN) timed; between "\set show off" and "\set show on" it is only
# run. Other psql commands pass as they are. What is to be shown is echoed behind \001 and a letter:
# T title, P prose, S SQL.
# A comment inside a statement is part of it. A statement ends with a line that ends with ";",
# unless that is within $$ quotes.

function echo(kind, text) {
    gsub(/\\/, "\\\\", text)
    gsub(/'/, "''", text)
    printf "\\echo '\001%s%s'\n", kind, text
}

function gap() {
    if (!blank)
        print "\\echo"
    blank = 1
}

BEGIN { shown = 1 }

NR == 1 {
    sub(/^-- */, "")
    echo("T", number ". " $0)
    blank = 1
    next
}

!inside && /^[ \t]*$/ { next }

!inside && /^\\set show / {
    shown = $3 == "on"
    if (!shown)
        print "\\timing off"
    next
}

!inside && /^\\/ { print; next }

!inside && /^--/ && !shown { next }

!inside && /^--/ {
    if (last != "prose")
        gap()
    sub(/^-- ?/, "")
    echo("P", $0)
    last = "prose"
    blank = 0
    next
}

{
    if (!inside) {
        inside = 1
        statement = ""
        if (shown) {
            gap()
            print /^(SET|EXPLAIN)/ ? "\\timing off" : "\\timing on"
        }
    }
    if (shown) {
        echo("S", $0)
        last = "statement"
        blank = 0
    }
    statement = statement $0 "\n"
    quotes += gsub(/\$\$/, "$$")
    if (quotes % 2 == 0 && /;[ \t]*$/) {
        if (shown)
            gap()
        printf "%s", statement
        inside = 0
        blank = 0
    }
}

END {
    if (inside) {
        print FILENAME ": the last statement has no end" > "/dev/stderr"
        exit 1
    }
}

# A file as lines of C strings.
{
    gsub(/\\/, "\\\\\\\\")
    gsub(/"/, "\\\"")
    print "\"" $0 "\\n\""
}

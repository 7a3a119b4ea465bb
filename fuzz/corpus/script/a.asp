#<% Dim a : a = Chr(72) & "i" ' comment
Response.Write a & StrReverse("dlrow") %>
# Markdown, as far as the pages in docs/ use it, as the plain text that Get-Help shows.

Set-StrictMode -Version Latest

# The blocks of a text: paragraphs, headings, lists, tables and code, with the lines that belong to each.
function Get-MarkdownBlock {
    param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)

    $lines = $Text -split '\r?\n'
    for ($i = 0; $i -lt $lines.Count; $i++) {
        if ([string]::IsNullOrWhiteSpace($lines[$i])) { continue }
        $kind, $taken = switch -Regex ($lines[$i]) {
            '^```' { 'Code', @(); break }
            '^#{1,6} ' { 'Heading', @($lines[$i]); break }
            '^\|' { 'Table', @($lines[$i]); break }
            '^\s*([-*]|\d+\.) ' { 'List', @($lines[$i]); break }
            default { 'Paragraph', @($lines[$i]) }
        }
        switch ($kind) {
            Code {
                while (++$i -lt $lines.Count -and $lines[$i] -notmatch '^```\s*$') { $taken += $lines[$i] }
            }
            Table {
                while ($i + 1 -lt $lines.Count -and $lines[$i + 1] -match '^\|') { $taken += $lines[++$i] }
            }
            { $_ -in 'List', 'Paragraph' } {
                while ($i + 1 -lt $lines.Count -and $lines[$i + 1] -notmatch '^(\s*$|```|#{1,6} |\|)' -and
                    ($kind -eq 'List' -or $lines[$i + 1] -notmatch '^\s*([-*]|\d+\.) ')) {
                    $taken += $lines[++$i]
                }
            }
        }
        [pscustomobject]@{ Kind = $kind; Lines = [string[]] $taken }
    }
}

# What is left of a line without its marks. Addresses of pages stay; links between pages become their text.
function ConvertTo-PlainLine {
    param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)

    $text = $Text -replace '\[([^\]]+)\]\((https?://[^)\s]+)\)', '$1 ($2)' -replace '\[([^\]]+)\]\([^)\s]+\)', '$1'
    # What stands between two backticks is code: there a star is a star.
    $parts = $text -split '`'
    for ($i = 0; $i -lt $parts.Count; $i += 2) {
        $parts[$i] = $parts[$i] -replace '\*\*([^*]+)\*\*', '$1' -replace '(?<!\w)\*([^*\s][^*]*)\*(?!\w)', '$1' -replace '\\([\\`*_{}\[\]()#+.!|<>-])', '$1'
    }
    -join $parts
}

# A list with a mark for each item, and its text beside it.
function Format-ListText([string[]] $Line, [int] $Width) {
    $items = [Collections.Generic.List[string]]::new()
    foreach ($one in $Line) {
        if ($one -match '^\s*([-*]|\d+\.) ') { $items.Add($one.TrimEnd()) }
        else { $items[-1] += ' ' + $one.Trim() }
    }
    foreach ($item in $items) {
        $null = $item -match '^(\s*\S+ )(.*)$'
        Format-WrappedText (ConvertTo-PlainLine $Matches[2]) -Width $Width -Indent $Matches[1] -Hanging (' ' * $Matches[1].Length)
    }
}

# A table in columns that are as wide as what stands in them; where that is too much, the widest give way and break their cells.
function Format-TableText([string[]] $Line, [int] $Width) {
    $rows = @(foreach ($one in $Line | Where-Object { $_ -notmatch '^\|[\s:|-]+\|\s*$' }) {
            , @($one.Trim() -replace '^\||\|$' -split '(?<!\\)\|' | ForEach-Object { ConvertTo-PlainLine $_.Trim() })
        })
    $columns = 0..($rows[0].Count - 1)
    $widths = @($columns | ForEach-Object { $column = $_; ($rows | ForEach-Object { $_[$column].Length } | Measure-Object -Maximum).Maximum })
    while (($widths | Measure-Object -Sum).Sum + 2 * ($widths.Count - 1) -gt $Width) { $widths[[array]::IndexOf($widths, ($widths | Measure-Object -Maximum).Maximum)]-- }
    $number = 0
    foreach ($row in $rows) {
        $cells = @($columns | ForEach-Object { , @(Format-WrappedText $row[$_] -Width $widths[$_]) })
        foreach ($n in 0..([Math]::Max(1, ($cells | ForEach-Object Count | Measure-Object -Maximum).Maximum) - 1)) {
            ($columns | ForEach-Object { ($cells[$_].Count -gt $n ? $cells[$_][$n] : '').PadRight($widths[$_]) }) -join '  ' -replace '\s+$'
        }
        if ($number++ -eq 0) { ($widths | ForEach-Object { '-' * $_ }) -join '  ' }
    }
}

# Words in lines of a width, with an indent; further lines hang below the text of the first.
function Format-WrappedText {
    param([string] $Text, [int] $Width = 80, [string] $Indent = '', [string] $Hanging = $Indent)

    $line = $Indent
    $isEmpty = $true
    foreach ($word in $Text -split '\s+' | Where-Object { $_ }) {
        if (-not $isEmpty -and $line.Length + 1 + $word.Length -gt $Width) {
            $line
            $line = $Hanging
            $isEmpty = $true
        }
        $line += ($isEmpty ? '' : ' ') + $word
        $isEmpty = $false
    }
    if (-not $isEmpty) { $line }
}

# The paragraphs of a text for MAML. Get-Help breaks lines between words only where the culture is one it knows, and C.UTF-8 is none; so
# they are broken here, for what is left of 80 columns below a parameter.
$helpWidth = 71

function ConvertTo-HelpParagraph {
    param([Parameter(Mandatory)] [AllowEmptyString()] [string] $Text)

    foreach ($block in Get-MarkdownBlock $Text) {
        switch ($block.Kind) {
            Code { ($block.Lines | ForEach-Object { "    $_".TrimEnd() }) -join "`n" }
            Table { (Format-TableText $block.Lines $helpWidth) -join "`n" }
            List { (Format-ListText $block.Lines $helpWidth) -join "`n" }
            Heading { ConvertTo-PlainLine ($block.Lines[0] -replace '^#+ ') }
            default { (Format-WrappedText (ConvertTo-PlainLine (($block.Lines | ForEach-Object Trim) -join ' ')) -Width $helpWidth) -join "`n" }
        }
    }
}

# A page about a topic as about_Topic.help.txt: its first heading names it, and the paragraph below tells in short what it is about.
function ConvertTo-AboutText {
    param([Parameter(Mandatory)] [string] $Text)

    $blocks = @(Get-MarkdownBlock $Text)
    $out = [Collections.Generic.List[string]]::new()
    $out.AddRange([string[]] @('TOPIC', "    $($blocks[0].Lines[0] -replace '^# ')", '', 'SHORT DESCRIPTION'))
    for ($i = 1; $i -lt $blocks.Count; $i++) {
        $block = $blocks[$i]
        if ($block.Kind -eq 'Heading') {
            $depth = ($block.Lines[0] -replace ' .*').Length
            $title = ConvertTo-PlainLine ($block.Lines[0] -replace '^#+ ')
            $out.Add('')
            $out.Add($depth -le 2 ? $title.ToUpperInvariant() : "  $title")
            continue
        }
        if ($out[-1] -ne 'SHORT DESCRIPTION' -and $blocks[$i - 1].Kind -ne 'Heading') { $out.Add('') }
        $lines = switch ($block.Kind) {
            Code { $block.Lines | ForEach-Object { "        $_".TrimEnd() } }
            Table { Format-TableText $block.Lines 76 | ForEach-Object { "    $_" } }
            List { Format-ListText $block.Lines 76 | ForEach-Object { "    $_" } }
            default { Format-WrappedText (ConvertTo-PlainLine ($block.Lines -join ' ')) -Indent '    ' }
        }
        $out.AddRange([string[]] $lines)
    }
    ($out -join "`n") + "`n"
}

Export-ModuleMember -Function ConvertTo-PlainLine, ConvertTo-HelpParagraph, ConvertTo-AboutText, Format-WrappedText

# What PlatyPS makes of the pages, as Get-Help shows it best: PlatyPS hands Markdown on as it is, cut at blank lines.

Set-StrictMode -Version Latest
Import-Module (Join-Path $PSScriptRoot Markdown.psm1)

$maml = 'http://schemas.microsoft.com/maml/2004/10'
$dev = 'http://schemas.microsoft.com/maml/dev/2004/10'

# Get-Help writes an example's code right behind its introduction and trims blanks; a space of no width it leaves.
$blank = @("`u{200B}", "`u{200B}")

function Set-Paragraph([Xml.XmlElement] $Element, [string[]] $Text) {
    $Element.RemoveAll()
    foreach ($one in $Text) {
        $para = $Element.OwnerDocument.CreateElement('maml', 'para', $maml)
        $para.InnerText = $one
        $null = $Element.AppendChild($para)
    }
}

# The first code of an example is its code; what stands before introduces it, and the rest remarks on it.
function Set-Example([Xml.XmlElement] $Element, $Example, [Xml.XmlNamespaceManager] $Names) {
    $parts = [regex]::Match($Example.Remarks, '(?ms)\A(?<before>.*?)^```\w*[^\n]*\n(?<code>.*?)^```[^\S\n]*(\n|\z)(?<after>.*)\z')
    $Element.SelectSingleNode('maml:title', $Names).InnerText = $Example.Title
    Set-Paragraph $Element.SelectSingleNode('maml:introduction', $Names) (@(ConvertTo-HelpParagraph $parts.Groups['before'].Value) + $blank)
    $Element.SelectSingleNode('dev:code', $Names).InnerText = $parts.Groups['code'].Value.TrimEnd()
    Set-Paragraph $Element.SelectSingleNode('dev:remarks', $Names) (ConvertTo-HelpParagraph $parts.Groups['after'].Value)
}

function Convert-Maml {
    param([Parameter(Mandatory)] [xml] $Document, [Parameter(Mandatory)] [object[]] $Help)

    $names = [Xml.XmlNamespaceManager]::new($Document.NameTable)
    $names.AddNamespace('maml', $maml)
    $names.AddNamespace('dev', $dev)
    $names.AddNamespace('command', 'http://schemas.microsoft.com/maml/dev/command/2004/10')
    foreach ($command in $Document.SelectNodes('//command:command', $names)) {
        $page = $Help | Where-Object Title -EQ $command.SelectSingleNode('command:details/command:name', $names).InnerText
        foreach ($text in $command.SelectNodes('.//maml:description | .//maml:alert', $names)) {
            $given = ($text.SelectNodes('maml:para', $names) | ForEach-Object InnerText) -join "`n`n"
            # A synopsis stands in tables too, so its line is not broken.
            Set-Paragraph $text ($text.ParentNode.LocalName -eq 'details' ? (ConvertTo-PlainLine $given) : (ConvertTo-HelpParagraph $given))
        }
        $number = 0
        foreach ($example in $command.SelectNodes('.//command:example', $names)) {
            Set-Example $example $page.Examples[$number++] $names
        }
        foreach ($link in $command.SelectNodes('.//maml:navigationLink', $names)) {
            $uri = $link.SelectSingleNode('maml:uri', $names)
            # A page of this repository is no address that Get-Help could open.
            if ($uri.InnerText -notmatch '^https?://') { $uri.InnerText = '' }
            if ($link.SelectSingleNode('maml:linkText', $names).InnerText -eq 'Online Version' -and -not $uri.InnerText) {
                $null = $link.ParentNode.RemoveChild($link)
            }
        }
    }
    $settings = [Xml.XmlWriterSettings]@{ Indent = $true; NewLineChars = "`n"; NewLineHandling = 'Replace'; Encoding = [Text.UTF8Encoding]::new($false) }
    $stream = [IO.MemoryStream]::new()
    $writer = [Xml.XmlWriter]::Create($stream, $settings)
    $Document.Save($writer)
    $writer.Dispose()
    [Text.Encoding]::UTF8.GetString($stream.ToArray()) + "`n"
}

Export-ModuleMember -Function Convert-Maml

# The parts of a cmdlet's page that the cmdlet itself knows: its syntax, and what kind of parameters it has.

Set-StrictMode -Version Latest
Import-Module (Join-Path $PSScriptRoot Markdown.psm1)

$common = [Management.Automation.PSCmdlet]::CommonParameters

function Get-OwnParameter([Management.Automation.CommandInfo] $Command) {
    $Command.Parameters.Values | Where-Object Name -NotIn $common | Sort-Object Name
}

function Get-ElementType([type] $Type) {
    $type = [Nullable]::GetUnderlyingType($Type) ?? $Type
    $type.IsArray ? $type.GetElementType() : $type
}

function Get-ParameterYaml([Management.Automation.ParameterMetadata] $Parameter, [string] $DefaultValue) {
    $type = [Nullable]::GetUnderlyingType($Parameter.ParameterType) ?? $Parameter.ParameterType
    $element = Get-ElementType $type
    $values = $Parameter.Attributes | Where-Object { $_ -is [ValidateSet] } | ForEach-Object ValidValues
    if ($element.IsEnum) { $values = $element.GetEnumNames() }
    $wildcards = [bool] ($Parameter.Attributes | Where-Object { $_ -is [SupportsWildcards] })
    $hidden = [bool] ($Parameter.Attributes | Where-Object { $_ -is [Parameter] -and $_.DontShow })

    '```yaml'
    "Type: $($type.FullName)"
    "DefaultValue: $DefaultValue"
    "SupportsWildcards: $("$wildcards".ToLowerInvariant())"
    if ($Parameter.Aliases.Count) { 'Aliases:'; $Parameter.Aliases | ForEach-Object { "- $_" } } else { 'Aliases: []' }
    'ParameterSets:'
    foreach ($name in $Parameter.ParameterSets.Keys | Sort-Object) {
        $set = $Parameter.ParameterSets[$name]
        "- Name: $($name -eq '__AllParameterSets' ? '(All)' : $name)"
        "  Position: $($set.Position -eq [int]::MinValue ? 'Named' : $set.Position)"
        "  IsRequired: $("$($set.IsMandatory)".ToLowerInvariant())"
        "  ValueFromPipeline: $("$($set.ValueFromPipeline)".ToLowerInvariant())"
        "  ValueFromPipelineByPropertyName: $("$($set.ValueFromPipelineByPropertyName)".ToLowerInvariant())"
        "  ValueFromRemainingArguments: $("$($set.ValueFromRemainingArguments)".ToLowerInvariant())"
    }
    "DontShow: $("$hidden".ToLowerInvariant())"
    if ($values) { 'AcceptedValues:'; $values | ForEach-Object { "- $_" } } else { 'AcceptedValues: []' }
    "HelpMessage: ''"
    '```'
}

function Get-SyntaxSection([Management.Automation.CommandInfo] $Command) {
    '## SYNTAX'
    foreach ($set in $Command.ParameterSets | Sort-Object { -not $_.IsDefault }, Name) {
        $isDefault = $set.IsDefault -and $set.Name -ne '__AllParameterSets'
        ''
        "### $($set.Name)$($isDefault ? ' (Default)' : '')"
        ''
        '```'
        # A parameter and its value stay together: their blank is hidden from who breaks the lines.
        $text = "$($Command.Name) $set" -replace '(-\w+\]?) (?=[<{])', "`$1`u{1}"
        Format-WrappedText $text -Width 100 -Hanging ' ' | ForEach-Object { $_ -replace "`u{1}", ' ' }
        '```'
    }
    ''
}

# The page with what the cmdlet knows as it is now. Texts are left as they are; a new parameter gets a place for one.
function Update-CommandPage {
    param([Parameter(Mandatory)] [string] $Text, [Parameter(Mandatory)] [Management.Automation.CommandInfo] $Command)

    $text = $Text.TrimStart([char] 0xFEFF) -replace '\r\n', "`n" -replace '(?m)^ms\.date:.*\n'
    $syntax = (Get-SyntaxSection $Command) -join "`n"
    $text = [regex]::Replace($text, '(?ms)^## SYNTAX\n.*?(?=^## )', { "$syntax`n" })
    foreach ($parameter in Get-OwnParameter $Command) {
        $section = [regex]::new("(?ms)^### -$($parameter.Name)\n(?<text>.*?)(?<yaml>^``````yaml\n.*?^``````\n)")
        $found = $section.Match($text)
        if ($found.Success) {
            $default = $found.Groups['yaml'].Value -match '(?m)^DefaultValue: *(.*)$' ? $Matches[1] : "''"
            $yaml = (Get-ParameterYaml $parameter $default) -join "`n"
            $text = $text.Remove($found.Groups['yaml'].Index, $found.Groups['yaml'].Length).Insert($found.Groups['yaml'].Index, "$yaml`n")
        }
        else {
            $yaml = (Get-ParameterYaml $parameter "''") -join "`n"
            $next = [regex]::Matches($text, '(?m)^### (-(?<name>\w+)|CommonParameters)$') |
                Where-Object { -not $_.Groups['name'].Success -or $_.Groups['name'].Value -gt $parameter.Name } | Select-Object -First 1
            if (-not $next) { throw "The page of $($Command.Name) has no '### CommonParameters' below which a parameter could go." }
            $text = $text.Insert($next.Index, "### -$($parameter.Name)`n`n{{ Fill $($parameter.Name) Description }}`n`n$yaml`n`n")
        }
    }
    $text.TrimEnd() + "`n"
}

# What a page lacks or has too much, a sentence each.
function Get-PageFault {
    param([Parameter(Mandatory)] [string] $Text, [Parameter(Mandatory)] [Management.Automation.CommandInfo] $Command)

    $number = 0
    foreach ($line in $Text -split "`n") {
        $number++
        if ($line -match '\{\{.*\}\}') { "line ${number}: '$($line.Trim())' waits for its text." }
    }
    $known = Get-OwnParameter $Command | ForEach-Object Name
    foreach ($heading in [regex]::Matches($Text, '(?m)^### -(\w+)$')) {
        if ($heading.Groups[1].Value -notin $known) { "the cmdlet has no parameter -$($heading.Groups[1].Value); take its section away." }
    }
    $outputs = [regex]::Match($Text, '(?ms)^## OUTPUTS\n(.*?)^## ').Groups[1].Value
    foreach ($type in $Command.OutputType | Where-Object Type) {
        if ($outputs -notmatch "(?m)^### $([regex]::Escape($type.Type.FullName))\s*$") { "OUTPUTS lacks '### $($type.Type.FullName)', which the cmdlet gives." }
    }
}

Export-ModuleMember -Function Update-CommandPage, Get-PageFault, Get-OwnParameter

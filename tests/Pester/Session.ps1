# Inside a host of the lab: reads scripts, a line of Base64 each, and answers each with a line of JSON.
param([string] $Module)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module $Module

while ($null -ne ($line = [Console]::In.ReadLine())) {
    $script = [scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))
    try {
        $answer = @{ Result = @(. $script) }
    }
    catch {
        $answer = @{ Error = $_.Exception.Message; Id = $_.FullyQualifiedErrorId; Category = "$($_.CategoryInfo.Category)"; Action = $_.ErrorDetails.RecommendedAction }
    }
    [Console]::Out.WriteLine('answer: ' + ($answer | ConvertTo-Json -Compress -Depth 8 -EnumsAsStrings))
}

# Inside a host of the lab, where an admin of that host would sit: runs the commands of a page's examples one by one and tells what each showed.
param([string] $Module, [string] $Directory)

$ProgressPreference = 'SilentlyContinue'
$PSStyle.OutputRendering = 'PlainText'
# Nobody is there to ask; the reader of a page says yes.
$ConfirmPreference = 'None'

# Each program in a lab's host has a view of the file system of its own, so all labs can be at the same place; pages show it.
mount --bind $Directory /srv
if ($LASTEXITCODE) { throw "Cannot mount $Directory at /srv." }
Set-Location /srv
Import-Module $Module

function Add-Shown($To, $Item) {
    $text = switch ($Item) {
        { $_ -is [Management.Automation.WarningRecord] } { "WARNING: $_"; break }
        { $_ -is [Management.Automation.VerboseRecord] } { "VERBOSE: $_"; break }
        { $_ -is [Management.Automation.InformationRecord] } { "$_"; break }
        { $_ -is [Management.Automation.ErrorRecord] } { ($_ | Out-String -Width 80).Trim(); break }
    }
    if ($null -eq $text) {
        $To.Objects.Add($Item)
        return
    }
    Complete-Shown $To
    $null = $To.Text.AppendLine($text)
}

# Objects that follow each other are shown together, as the console does.
function Complete-Shown($To) {
    if ($To.Objects.Count) { $null = $To.Text.Append(($To.Objects | Out-String -Width 80)) }
    $To.Objects.Clear()
}

while ($null -ne ($MptExampleLine = [Console]::In.ReadLine())) {
    $MptExampleCommand = [scriptblock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($MptExampleLine)))
    $MptExampleShown = @{ Objects = [Collections.Generic.List[object]]::new(); Text = [Text.StringBuilder]::new(); Errors = @() }
    try {
        . $MptExampleCommand *>&1 | ForEach-Object {
            if ($_ -is [Management.Automation.ErrorRecord]) { $MptExampleShown.Errors += $_.Exception.Message }
            Add-Shown $MptExampleShown $_
        }
    }
    catch {
        $MptExampleShown.Errors += $_.Exception.Message
        Add-Shown $MptExampleShown $_
    }
    Complete-Shown $MptExampleShown
    $MptExampleAnswer = @{ Text = "$($MptExampleShown.Text)"; Errors = @($MptExampleShown.Errors) }
    [Console]::Out.WriteLine('answer: ' + ($MptExampleAnswer | ConvertTo-Json -Compress))
}

# The examples of the pages in docs/: read, run on host A of a lab that is made from conf/hostA and conf/hostB, and compared with what the page shows.

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true

Import-Module (Join-Path $PSScriptRoot Lab.psm1)

$root = (Resolve-Path (Join-Path $PSScriptRoot '../..')).Path
$module = Join-Path $root MptTools.psd1
# Pages on which host A has no server, because they tell how to start one.
$serverless = 'Start-MptServer', 'Invoke-MptDaemon'
# What never changes a server or its configuration, so that the next page can go on with the same.
$harmless = 'Get', 'Test', 'Measure', 'Watch', 'Show', 'Wait', 'Receive'

# The commands of a page's examples, each with the lines that the page shows beneath, and where these stand.
function Get-PageExample {
    param([Parameter(Mandatory)] [string] $Path)

    $lines = [IO.File]::ReadAllLines($Path)
    $example = ''
    $inside = $fence = $false
    $command = $null
    for ($i = 0; $i -lt $lines.Count; $i++) {
        $line = $lines[$i]
        if (-not $fence -and $line -match '^## ') { $inside = $line -eq '## EXAMPLES' }
        elseif ($inside -and -not $fence -and $line -match '^### (.*)') { $example = $Matches[1] }
        elseif ($inside -and $line -match '^```') {
            $fence = -not $fence
            if ($command) { $command }
            $command = $null
        }
        elseif ($fence -and $line -match '^PS> (.*)') {
            if ($command) { $command }
            $command = [pscustomobject]@{ Example = $example; Command = $Matches[1]; First = $i + 1; Shown = [Collections.Generic.List[string]]::new() }
        }
        elseif ($command -and -not $command.Shown.Count -and $line -match '^>> ?(.*)') {
            $command.Command += "`n" + $Matches[1]
            $command.First = $i + 1
        }
        elseif ($command) { $command.Shown.Add($line) }
    }
}

# A line without what differs from run to run: numbers (but not addresses), times, keys, bars, and the blanks between columns.
function Hide-Variable([string] $Line) {
    $Line -replace '^[\s-]*---[\s-]*$', '---' `
        -replace '\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)?', '#' `
        -replace '\b(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \w+ ', '' `
        -replace '\b[0-9A-Fa-f]{16,}\b', '#' `
        -replace '(?<![\w.])(?!\d+\.\d+\.\d+\.\d+)-?\d+([.,:/]\d+)*(?![\w.]*\d)', '#' `
        -replace '# [AP]M\b', '#' -replace '# ?[kKMGT]?i?(B|bit/s)\b', '# $1' `
        -replace '[\u2580-\u259F]+', '=' -replace '\s+', ' ' -replace '^ | $'
}

# What a page shows and the command does not, or the other way round; a sentence each.
function Compare-PageExample {
    param([Parameter(Mandatory)] $Example, [Parameter(Mandatory)] $Answer)

    $shown = $Example.Shown | Where-Object { $_.Trim() -and $_.Trim() -ne '...' } | ForEach-Object { Hide-Variable $_ }
    $real = @($Answer.Text -split '\r?\n' | Where-Object { $_.Trim() } | ForEach-Object { Hide-Variable $_ })
    foreach ($message in $Answer.Errors) {
        if ("$shown" -notlike "*$([WildcardPattern]::Escape((Hide-Variable ($message -replace '\s+', ' '))))*") { "it writes an error that the page does not show: $message" }
    }
    if (-not $Example.Shown.Where({ $_.Trim() }) -and $real) { "the page shows nothing of what it gives:`n$($Answer.Text)" }
    foreach ($line in $shown) {
        if ($line -notin $real) { "the page shows '$line', but it gives:`n$($Answer.Text)" }
    }
}

function Test-Harmless([string] $Command) {
    $ast = [Management.Automation.Language.Parser]::ParseInput($Command, [ref] $null, [ref] $null)
    foreach ($call in $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)) {
        $name = $call.GetCommandName()
        if ($name -notmatch '^(?<verb>\w+)-(?<noun>\w+)$') {
            if ("$call" -notmatch '^mpt (show|help)\b') { return $false }
        }
        elseif ($Matches.noun -like 'Mpt*' -and $Matches.verb -notin $harmless) { return $false }
        elseif ($Matches.noun -in 'Content', 'Item' -and $Matches.verb -ne 'Get') { return $false }
    }
    $true
}

# Two hosts with the sample configuration in their /srv/conf, and a pwsh on each that holds a server.
function New-ExampleLab {
    param([Parameter(Mandatory)] [string] $Name)

    $lab = New-Lab $Name
    try {
        $lab | Add-Member Work (New-Item -ItemType Directory (Join-Path $lab.Directory work)).FullName
        $lab | Add-Member Host @{}
        foreach ($side in 'a', 'b') {
            $lab.Host.$side = Enter-LabSession $lab $side
            $null = Invoke-Lab $lab.Host.$side "mount --bind '$($lab.Work)' /srv; Set-Location /srv; `$ConfirmPreference = 'None'"
        }
        Reset-ExampleLab $lab
        $lab
    }
    catch {
        Remove-Lab $lab
        throw
    }
}

# The configuration as it is in the repository, and both servers anew. With -OneServer there is none on host A.
function Reset-ExampleLab {
    param($Lab, [switch] $OneServer)

    foreach ($side in 'a', 'b') {
        $null = Invoke-Lab $Lab.Host.$side 'Get-MptServer | Stop-MptServer -Confirm:$false; Get-Job | Remove-Job -Force'
        foreach ($link in 'eth1', 'eth2') { ip -n $Lab.Hosts.$side link set $link up }
    }
    Get-ChildItem $Lab.Work -Force | Remove-Item -Recurse -Force
    Copy-Item (Join-Path $root conf) $Lab.Work -Recurse
    $null = Invoke-Lab $Lab.Host.b 'Start-MptServer ./conf/hostB | Select-Object Id'
    if ($OneServer) { return }
    $null = Invoke-Lab $Lab.Host.a 'Start-MptServer ./conf/hostA | Select-Object Id'
    # A tunnel that somebody looks at has carried something.
    $null = Invoke-Lab $Lab.Host.a '$udp = [Net.Sockets.UdpClient]::new(); 1..40 | ForEach-Object { $null = $udp.Send([byte[]]::new(800), 800, "10.0.0.3", 9) }; $udp.Dispose()'
    # From here on both ends know all of each other, so that nothing changes by itself while examples run.
    foreach ($side in 'a', 'b') {
        Wait-Lab $Lab.Host.$side '(Get-MptConnection).Peer -eq "MptTools" -and -not (Get-MptPath | Where-Object { -not $_.LastKeepalive -or $_.Status -ne "Up" })'
    }
}

# Runs all examples of a page in one fresh pwsh on host A; gives them with their answers.
function Invoke-PageExample {
    param($Lab, [string] $Page, [int] $Seconds = 60)

    $limit = [DateTime]::UtcNow.AddSeconds($Seconds)
    $pwsh = (Get-Process -Id $PID).Path
    $session = Start-LabProgram $Lab a @($pwsh, '-NoProfile', '-NonInteractive', '-File', (Join-Path $PSScriptRoot ExampleSession.ps1), $module, $Lab.Work)
    try {
        foreach ($example in Get-PageExample $Page) {
            $session.Process.StandardInput.WriteLine([Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($example.Command)))
            # What a command writes to the host itself, as -WhatIf does, comes before the answer.
            $toHost = ''
            while ($true) {
                $line = $session.Process.StandardOutput.ReadLineAsync()
                $left = $limit - [DateTime]::UtcNow
                if ($left -le [TimeSpan]::Zero -or -not $line.Wait($left)) { throw "The examples did not end within $Seconds s; the last was: $($example.Command)" }
                if ($null -eq $line.Result) { throw "pwsh ended at: $($example.Command)`n$($session.Errors.Result)" }
                if ($line.Result.StartsWith('answer: ')) { break }
                $toHost += $line.Result + "`n"
            }
            $answer = $line.Result.Substring(8) | ConvertFrom-Json
            $answer.Text = $toHost + $answer.Text
            $example | Add-Member Answer $answer -PassThru
        }
    }
    finally {
        # A page may end with something that does not: closing its input is no order then.
        if (-not $session.Process.HasExited) {
            $session.Process.StandardInput.Close()
            if (-not $session.Process.WaitForExit(20000)) { $session.Process.Kill($true) }
        }
        $null = $Lab.Sessions.Remove($session)
    }
}

# Runs the examples of pages, several labs at a time; gives for each page its name, its examples with answers and its faults.
function Test-PageExample {
    param([Parameter(Mandatory)] [string[]] $Page, [int] $Labs = 2)

    $queue = [Collections.Concurrent.ConcurrentQueue[string]]::new([string[]] $Page)
    1..[Math]::Min($Labs, $Page.Count) | ForEach-Object -ThrottleLimit $Labs -Parallel {
        Import-Module $using:PSScriptRoot/Examples.psm1 -DisableNameChecking
        Invoke-ExampleQueue $using:queue "help$_"
    }
}

function Invoke-ExampleQueue {
    param([Collections.Concurrent.ConcurrentQueue[string]] $Queue, [string] $Name)

    $lab = New-ExampleLab $Name
    try {
        $isFresh = $true
        $path = ''
        while ($Queue.TryDequeue([ref] $path)) {
            $name = [IO.Path]::GetFileNameWithoutExtension($path)
            $result = [pscustomobject]@{ Name = $name; Path = $path; Examples = @(); Faults = @() }
            try {
                $alone = $name -in $serverless
                if (-not $isFresh -or $alone) { Reset-ExampleLab $lab -OneServer:$alone }
                $isFresh = -not $alone -and -not (Get-PageExample $path | Where-Object { -not (Test-Harmless $_.Command) })
                $result.Examples = @(Invoke-PageExample $lab $path)
                $result.Faults = @(foreach ($example in $result.Examples) {
                        Compare-PageExample $example $example.Answer | ForEach-Object { "$($example.Example): $($example.Command): $_" }
                    })
            }
            catch {
                $isFresh = $false
                $result.Faults += "$_"
            }
            $result
        }
    }
    finally {
        Remove-Lab $lab
    }
}

# Writes what the commands of a page really give beneath them.
function Update-PageExample {
    param([Parameter(Mandatory)] [string[]] $Page)

    foreach ($result in Test-PageExample $Page) {
        $lines = [Collections.Generic.List[string]]::new([IO.File]::ReadAllLines($result.Path))
        foreach ($example in $result.Examples | Sort-Object First -Descending) {
            $lines.RemoveRange($example.First, $example.Shown.Count)
            $text = $example.Answer.Text -replace '\A(\s*\n)+', "`n" -replace '\s+\z'
            if ($text.Trim()) { $lines.InsertRange($example.First, [string[]] ($text -split '\r?\n').TrimEnd()) }
            # The next command stands clear of what the one before gave.
            if ($text.Trim() -and $lines[$example.First + ($text -split '\n').Count] -notmatch '^```') { $lines.Insert($example.First + ($text -split '\n').Count, '') }
        }
        [IO.File]::WriteAllText($result.Path, ($lines -join "`n") + "`n")
        $result.Faults | Where-Object { $_ -notmatch '(it gives|of what it gives):\n' } | ForEach-Object { "$($result.Name): $_" }
    }
}

Export-ModuleMember -Function Get-PageExample, Compare-PageExample, Test-PageExample, Update-PageExample, Invoke-ExampleQueue

# Events as they happen, measurements over an interval, and the live view.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'Watching' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/Lab.psm1 -Force
        $lab = New-Lab watch
        $a = Enter-LabSession $lab a
        $b = Enter-LabSession $lab b
        $null = Invoke-Lab $a "`$job = Start-MptServer '$(Join-Path $lab.Directory a)'"
        $null = Invoke-Lab $b "`$job = Start-MptServer '$(Join-Path $lab.Directory b)'"
        Wait-Lab $a '-not (Get-MptPath | Where-Object { $_.Status -eq "Down" -or $null -eq $_.RoundTripMilliseconds })'
        # A command that runs beside the session's own; it says when it watches.
        $null = Invoke-Lab $a {
            function Start-Watch([string] $Command) {
                $script:beside = [powershell]::Create([Management.Automation.RunspaceMode]::NewRunspace)
                $null = $beside.AddScript("Import-Module '$Module'; `$VerbosePreference = 'Continue'; $Command")
                $script:running = $beside.BeginInvoke()
                while (-not ($beside.Streams.Verbose | Where-Object Message -Like 'Watching*') -and -not $running.IsCompleted) { $null = [Threading.Thread]::Yield() }
            }
        }.ToString()
    }

    AfterAll {
        if ($lab) { Remove-Lab $lab }
    }

    Describe 'Watch-MptEvent' {
        It 'gives events as they happen, of one kind where asked' {
            $null = Invoke-Lab $a "Start-Watch 'Watch-MptEvent -Kind PathChanged -Connection p* | Select-Object -First 1'; mpt path down 10.2.2.2 10.2.2.3"
            $change = Invoke-Lab $a '$beside.EndInvoke($running)'
            $change.Kind | Should -Be PathChanged
            $change.Path | Should -Be 1
            $change.NewState | Should -Be TakenDown
            $null = Invoke-Lab $a 'Get-MptPath -Status Down | Set-MptPath -Status Up'
            Wait-Lab $a '-not (Get-MptPath -Status Down)'
        }

        It 'leaves out what matters less, and other connections' {
            $null = Invoke-Lab $a "Start-Watch 'Watch-MptEvent -Level Error -TimeoutSeconds 0.3'; mpt path down 10.2.2.2 10.2.2.3"
            Invoke-Lab $a '$beside.EndInvoke($running)' | Should -BeNullOrEmpty
            $null = Invoke-Lab $a "Start-Watch 'Watch-MptEvent -Connection other -TimeoutSeconds 0.3'; mpt path up 10.2.2.2 10.2.2.3"
            Invoke-Lab $a '$beside.EndInvoke($running)' | Should -BeNullOrEmpty
            Wait-Lab $a '-not (Get-MptPath -Status Down)'
        }

        It 'ends at once when it is stopped' {
            $null = Invoke-Lab $a "Start-Watch 'Get-MptServer | Watch-MptEvent'"
            Invoke-Lab $a '$beside.Stop(); $beside.InvocationStateInfo.State.ToString()' | Should -Be Stopped
        }

        It 'answers an unknown server with an error of its own' {
            $failure = { Invoke-Lab $a 'Watch-MptEvent -Server tun9' } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike 'NoServer,*WatchMptEventCommand'
        }
    }

    Describe 'Measure-MptPath' {
        It 'tells what each path carried in the interval' {
            $measured = Invoke-Lab $a {
                $udp = [Net.Sockets.UdpClient]::new()
                Measure-MptPath -Seconds 0.6 -Count 2 | ForEach-Object {
                    foreach ($i in 1..150) { $null = $udp.Send([byte[]]::new(972), 972, '10.0.0.3', 9) }
                    $_
                }
            }.ToString()
            $measured | Should -HaveCount 4
            $measured.Interface | Should -Be eth1, eth2, eth1, eth2
            # What was sent between the two measurements: 300 packets of 1000 bytes by weights 1 and 2.
            $measured[2].PacketsSent | Should -Be 100
            $measured[3].PacketsSent | Should -Be 200
            $measured[3].BytesSent | Should -Be 200000
            $measured[3].SharePercent | Should -Be 66.7
            # Seconds are rounded to thousandths.
            $measured[3].SentBitsPerSecond | Should -BeGreaterThan (1600000 / ($measured[3].Seconds + 0.001))
            $measured[3].SentBitsPerSecond | Should -BeLessThan (1600000 / ($measured[3].Seconds - 0.001))
            $measured[0].SharePercent | Should -BeNullOrEmpty
            $measured[2].RoundTrips | Should -BeGreaterThan 0
            $measured[2].RoundTripMinimumMilliseconds | Should -BeLessOrEqual $measured[2].RoundTripMaximumMilliseconds
            $measured[2].LossOutPercent | Should -BeIn $null, 0
        }

        It 'takes paths from the pipeline, all over the same interval' {
            $measured = Invoke-Lab $a 'Get-MptPath | Measure-MptPath -Seconds 0.2'
            $measured.Index | Should -Be 0, 1
            $measured[0].Start | Should -Be $measured[1].Start
            (Invoke-Lab $a 'Get-MptPath -Interface eth2 | Measure-MptPath -Seconds 0.2').Interface | Should -Be eth2
        }

        It 'ends at once when it is stopped' {
            Invoke-Lab $a {
                $ps = [powershell]::Create().AddScript("Import-Module '$Module'; Measure-MptPath -Seconds 1 -Count 86400")
                $output = [Management.Automation.PSDataCollection[psobject]]::new()
                $null = $ps.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $output)
                while ($output.Count -eq 0) { $null = [Threading.Thread]::Yield() }
                $ps.Stop()
                $ps.InvocationStateInfo.State.ToString()
            }.ToString() | Should -Be Stopped
        }

        It 'refuses <Parameter>, and says the range' -ForEach @(
            @{ Parameter = '-Seconds 0' }
            @{ Parameter = '-Count 0' }
            @{ Parameter = '-Index 20' }
        ) {
            $failure = { Invoke-Lab $a "Measure-MptPath $Parameter" } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
            $failure.Exception.Message | Should -Match 'range|less than|greater than'
        }

        It 'names what is not there' {
            $failure = { Invoke-Lab $a 'Measure-MptPath nobody -Seconds 0.1' } | Should -Throw -PassThru
            $failure.FullyQualifiedErrorId | Should -BeLike 'NotFound,*MeasureMptPathCommand'
        }
    }

    Describe 'Measure-MptConnection' {
        It 'tells what the connection carried' {
            $measured = Invoke-Lab $a {
                $udp = [Net.Sockets.UdpClient]::new()
                Get-MptConnection | Measure-MptConnection -Seconds 0.6 -Count 2 | ForEach-Object {
                    foreach ($i in 1..300) { $null = $udp.Send([byte[]]::new(972), 972, '10.0.0.3', 9) }
                    $_
                }
            }.ToString()
            $measured.Connection | Should -Be peer, peer
            $measured[1].PacketsSent | Should -Be 300
            $measured[1].BytesSent | Should -Be 300000
            $measured[1].PathsUp | Should -Be 2
            $measured[1].PacketsLost | Should -Be 0
            $measured[1].RoundTrips | Should -BeGreaterThan 0
        }
    }

    Describe 'Show-MptStatus' {
        It 'writes text where there is no terminal' {
            $lines = Invoke-Lab $a 'Show-MptStatus -RefreshSeconds 0.2'
            $lines[0] | Should -Match '^tun0 .* 2 of 2 paths up'
            $lines | Where-Object { $_ -match '^  1 eth2 Up ' } | Should -HaveCount 1
            $lines -join '' | Should -Not -Match "`e"
            ($lines | Measure-Object Length -Maximum).Maximum | Should -BeLessThan 80
        }

        It 'shows why a path is down' {
            $null = Invoke-Lab $a 'Set-MptPath peer 1 Down'
            Invoke-Lab $a 'Show-MptStatus -RefreshSeconds 0.2' | Should -Contain '' -Because 'connections are set apart'
            (Invoke-Lab $a 'Show-MptStatus -RefreshSeconds 0.2') -match '^  1 eth2' | Should -Match 'Down TakenDown for \d'
            $null = Invoke-Lab $a 'Set-MptPath peer 1 Up'
            Wait-Lab $a '-not (Get-MptPath -Status Down)'
        }

        It 'refreshes a terminal in place until q, and gives it back as it was' {
            $manifest = (Resolve-Path $PSScriptRoot/../../MptTools.psd1).Path
            $command = "'$((Get-Process -Id $PID).Path)' -NoProfile -Command ""Import-Module '$manifest'; Show-MptStatus -RefreshSeconds 0.2"""
            $terminal = Start-LabProgram $lab a @('script', '-qefc', $command, '/dev/null')
            $seen = [Text.StringBuilder]::new()
            $buffer = [char[]]::new(4096)
            $isAsked = $false
            do {
                $read = $terminal.Process.StandardOutput.ReadAsync($buffer, 0, $buffer.Length)
                $read.Wait(30000) | Should -BeTrue -Because "the view goes on after: $seen"
                $null = $seen.Append($buffer, 0, $read.Result)
                # The second picture begins.
                if (-not $isAsked -and [regex]::Matches($seen.ToString(), "`e\[H").Count -ge 2) {
                    $terminal.Process.StandardInput.Write('q')
                    $terminal.Process.StandardInput.Flush()
                    $isAsked = $true
                }
            } until ($read.Result -eq 0)
            $terminal.Process.WaitForExit(20000) | Should -BeTrue
            $text = $seen.ToString()
            $text | Should -Match "`e\[\?1049h"
            $text | Should -Match '  0 eth1 Up '
            $text.LastIndexOf("`e[?1049l") | Should -BeGreaterThan $text.LastIndexOf("`e[H")
        }
    }

    Describe 'Watchers of a server that stops' {
        It 'end with its last event' {
            $null = Invoke-Lab $b @"
                `$ps = [powershell]::Create().AddScript("Import-Module '`$Module'; Watch-MptEvent -Verbose")
                `$running = `$ps.BeginInvoke()
                while (-not (`$ps.Streams.Verbose | Where-Object Message -Like 'Watching*') -and -not `$running.IsCompleted) { `$null = [Threading.Thread]::Yield() }
                Stop-MptServer -Confirm:`$false
"@
            $events = Invoke-Lab $b '$ps.EndInvoke($running)'
            $events[-1].Kind | Should -Be ServerStopped
        }
    }
}

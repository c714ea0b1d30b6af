# What an admin would try before going to the real hosts, written as one would write it: only cmdlets of the module.
BeforeDiscovery {
    Import-Module $PSScriptRoot/Lab.psm1 -Force
    $obstacle = Get-LabObstacle
}

Describe 'A path that was taken down and saved' -Skip:([bool] $obstacle) {
    BeforeAll {
        Import-Module $PSScriptRoot/../../MptTools.psd1 -Force
        $lab = New-MptLab office -RateMbps 100 -DelayMilliseconds 5

        function Wait-Path([string] $Interface, [string] $Detail) {
            Invoke-MptLab A {
                $limit = [DateTime]::UtcNow.AddSeconds(20)
                do {
                    $path = Get-MptPath -Interface $using:Interface
                    if ([DateTime]::UtcNow -gt $limit) { throw "Path over $using:Interface is $($path.Detail), not $using:Detail." }
                    # A round trip tells that the peer hears this end too: at the start a path counts as up before anybody was heard.
                } until ($path.Detail -eq $using:Detail -and ($path.Status -eq 'Down' -or $null -ne $path.RoundTripMilliseconds))
                $path
            }
        }
    }

    AfterAll {
        $lab | Remove-MptLab
    }

    It 'carries traffic over two paths at first' {
        Invoke-MptLab A, B { $null = Start-MptServer }
        'eth1', 'eth2' | ForEach-Object { (Wait-Path $_ Up).Status | Should -Be Up }
        Invoke-MptLab A { Test-Connection 10.0.0.3 -Count 3 -TimeoutSeconds 2 -Quiet } | Should -BeTrue
    }

    It 'goes on over one when a line is cut, and takes it up again when it is healed' {
        Set-MptLabLink eth1 -Cut
        (Wait-Path eth1 Down).Status | Should -Be Down
        Invoke-MptLab A { Test-Connection 10.0.0.3 -Count 3 -TimeoutSeconds 2 -Quiet } | Should -BeTrue
        Set-MptLabLink eth1 -Heal
        (Wait-Path eth1 Up).Status | Should -Be Up
    }

    It 'is taken down by hand, and the other carries everything' {
        Invoke-MptLab A { Get-MptPath -Interface eth2 | Set-MptPath -Status Down -PassThru } | ForEach-Object Detail | Should -Be TakenDown
        $before = Get-MptLabLink eth1
        Invoke-MptLab A { Test-Connection 10.0.0.3 -Count 5 -TimeoutSeconds 2 -Quiet } | Should -BeTrue
        (Get-MptLabLink eth1).AToB.PacketsDelivered - $before.AToB.PacketsDelivered | Should -BeGreaterOrEqual 5
    }

    It 'is saved, and still down when the server has stopped and started' {
        Invoke-MptLab A { Save-MptConfig } | Out-Null
        Invoke-MptLab A { Stop-MptServer; $null = Start-MptServer }
        (Wait-Path eth1 Up).Status | Should -Be Up
        $path = Invoke-MptLab A { Get-MptPath -Interface eth2 }
        $path.Status, $path.Detail | Should -Be Down, TakenDown
        Invoke-MptLab A { Test-Connection 10.0.0.3 -Count 3 -TimeoutSeconds 2 -Quiet } | Should -BeTrue
    }

    It 'is taken up again, and both carry traffic' {
        Invoke-MptLab A { Get-MptPath | Where-Object Status -EQ Down | Set-MptPath -Status Up }
        (Wait-Path eth2 Up).Status | Should -Be Up
        Invoke-MptLab A { Test-Connection 10.0.0.3 -Count 3 -TimeoutSeconds 2 -Quiet } | Should -BeTrue
    }
}

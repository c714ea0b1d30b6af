# The module as it is shipped. Needs no privileges and no Linux.
BeforeAll {
    $root = (Resolve-Path $PSScriptRoot/../..).Path
    Import-Module $root/MptTools.psd1 -Force
}

Describe 'The module' {
    It 'has a manifest that holds' {
        (Test-ModuleManifest $root/MptTools.psd1).Version | Should -Be ([version] '0.1.0')
    }

    It 'exports what the manifest says, and no more' {
        $exported = (Get-Module MptTools).ExportedCommands.Keys | Sort-Object
        $manifest = Import-PowerShellDataFile $root/MptTools.psd1
        $exported | Should -Be ($manifest.CmdletsToExport + $manifest.AliasesToExport | Sort-Object)
        (Get-Alias mpt).Definition | Should -Be Invoke-MptCommand
        (Get-Alias mptsrv).Definition | Should -Be Invoke-MptDaemon
    }
}

Describe 'Start-MptServer -DisableOffload' {
    It 'takes the names of offloads and no others' {
        $parameter = (Get-Command Start-MptServer).Parameters['DisableOffload']
        $parameter.ParameterType.GetElementType().GetEnumNames() | Should -Be None, TunTcp, TunUdp, TunMerge, UdpSegment, UdpGro, All
        $failure = { Start-MptServer /nonexistent -DisableOffload TunUdp, Gso } | Should -Throw -PassThru
        $failure.FullyQualifiedErrorId | Should -BeLike 'CannotConvertArgumentNoMessage,*'
        $failure.Exception.Message | Should -Match '(?s)Gso.*TunTcp, TunUdp'
    }

    It 'is completed' {
        $line = 'Start-MptServer -DisableOffload Tun'
        (TabExpansion2 $line).CompletionMatches.CompletionText | Should -Be TunMerge, TunTcp, TunUdp
    }
}

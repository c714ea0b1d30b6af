@{
    RootModule           = 'bin/MptTools.dll'
    ModuleVersion        = '0.1.0'
    GUID                 = '3f6a4c0e-9a55-4f0a-8f0d-6b1c27d0b7a1'
    Author               = 'MptTools contributors'
    CompanyName          = 'MptTools contributors'
    Copyright            = '(c) MptTools contributors. MIT licence.'
    Description          = 'A multipath tunnel for Linux, run from PowerShell: GRE-in-UDP over several network paths at once, in the wire format and with the configuration files of the existing MPT servers.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @(
        'Formats/MptTools.Config.Format.ps1xml', 'Formats/MptTools.Connection.Format.ps1xml', 'Formats/MptTools.Event.Format.ps1xml',
        'Formats/MptTools.Lab.Format.ps1xml', 'Formats/MptTools.Mapping.Format.ps1xml', 'Formats/MptTools.Measure.Format.ps1xml', 'Formats/MptTools.Path.Format.ps1xml',
        'Formats/MptTools.Server.Format.ps1xml', 'Formats/MptTools.Service.Format.ps1xml'
    )
    TypesToProcess       = @('Formats/MptTools.Types.ps1xml')
    FunctionsToExport    = @()
    CmdletsToExport      = @(
        'Add-MptAddress'
        'Add-MptNetwork'
        'Add-MptPath'
        'Add-MptRule'
        'Get-MptConnection'
        'Get-MptLab'
        'Get-MptLabLink'
        'Get-MptNetwork'
        'Get-MptPath'
        'Get-MptRule'
        'Get-MptServer'
        'Get-MptTunnel'
        'Import-MptConfig'
        'Invoke-MptCommand'
        'Invoke-MptDaemon'
        'Invoke-MptLab'
        'Measure-MptConnection'
        'Measure-MptPath'
        'New-MptConfig'
        'New-MptConnection'
        'New-MptKey'
        'New-MptLab'
        'New-MptPath'
        'Register-MptService'
        'Remove-MptAddress'
        'Remove-MptConnection'
        'Remove-MptLab'
        'Remove-MptNetwork'
        'Remove-MptPath'
        'Remove-MptRule'
        'Restart-MptConnection'
        'Restart-MptServer'
        'Save-MptConfig'
        'Set-MptConnection'
        'Set-MptInterface'
        'Set-MptLabLink'
        'Set-MptPath'
        'Set-MptRule'
        'Show-MptStatus'
        'Start-MptServer'
        'Stop-MptServer'
        'Test-MptConfig'
        'Test-MptMapping'
        'Unregister-MptService'
        'Watch-MptEvent'
    )
    VariablesToExport    = @()
    AliasesToExport      = @('mpt', 'mptsrv')
    PrivateData          = @{
        PSData = @{
            Tags         = @('PSEdition_Core', 'Linux', 'Network', 'Tunnel', 'Multipath', 'Bonding', 'GRE', 'VPN', 'Router')
            LicenseUri   = 'https://opensource.org/license/mit'
            ProjectUri   = 'https://www.powershellgallery.com/packages/MptTools'
            ReleaseNotes = 'The first release. CHANGELOG.md in the module''s directory tells what it does; Get-Help about_MptTools is the place to start.'
        }
    }
}

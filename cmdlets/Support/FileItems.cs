using System.Management.Automation;

namespace MptTools.Cmdlets;

/// <summary>Files as Get-Item gives them, with all that PowerShell shows of a file.</summary>
internal static class FileItems
{
    internal static void Write(PSCmdlet cmdlet, string path) =>
        cmdlet.WriteObject(cmdlet.InvokeProvider.Item.Get([path], force: true, literalPath: true), enumerateCollection: true);
}

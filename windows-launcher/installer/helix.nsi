; HelixSetup.exe: Helix for one user, without an administrator's rights.
;   makensis -DVERSION=0.1.0 -DLAUNCHER=path/Helix.exe -DOUTPUT=path/HelixSetup.exe helix.nsi
;   HelixSetup.exe [/S] [/D=C:\where]        Uninstall.exe [/S] [/PURGE]
; Silently uninstalled, the Linux system and the files in it stay, unless /PURGE says otherwise.

Target amd64-unicode ; the default is a 32-bit installer
Unicode true
ManifestDPIAware true
RequestExecutionLevel user
SetCompressor /SOLID lzma
SetDateSave off ; two builds are the same
CRCCheck force

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include x64.nsh

Name "Helix"
OutFile "${OUTPUT}"
InstallDir "$LOCALAPPDATA\Programs\Helix"
InstallDirRegKey HKCU "Software\Helix" "InstallDirectory"
BrandingText "Helix ${VERSION}"

VIProductVersion "${VERSION}.0"
VIAddVersionKey ProductName "Helix"
VIAddVersionKey FileDescription "Helix setup"
VIAddVersionKey FileVersion "${VERSION}"
VIAddVersionKey ProductVersion "${VERSION}"
VIAddVersionKey LegalCopyright "The Helix project, MIT licence"

!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Helix"
!define MUI_ICON "..\res\helix.ico"
!define MUI_UNICON "..\res\helix.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\Helix.exe"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"

; A running Helix holds its own file open. It is asked to quit, as win/instance.c does, and given the
; time to end the desktop.
!macro CloseHelix un
Function ${un}CloseHelix
	StrCpy $1 0
	System::Call 'user32::RegisterWindowMessageW(w "Helix.Quit") i .r2'
	${Do}
		FindWindow $0 "Helix.Window.Helix"
		${If} $0 == 0
			${ExitDo}
		${EndIf}
		${If} $1 == 0
			System::Call 'user32::PostMessageW(p r0, i r2, p 0, p 0)'
		${EndIf}
		Sleep 250
		IntOp $1 $1 + 1
	${LoopUntil} $1 > 60
	; The process outlives its window: until its file can be written to, 5 s at most.
	StrCpy $1 0
	${Do}
		${IfNot} ${FileExists} "$INSTDIR\Helix.exe"
			${ExitDo}
		${EndIf}
		ClearErrors
		FileOpen $0 "$INSTDIR\Helix.exe" a
		${IfNot} ${Errors}
			FileClose $0
			${ExitDo}
		${EndIf}
		Sleep 250
		IntOp $1 $1 + 1
	${LoopUntil} $1 > 20
	ClearErrors
FunctionEnd
!macroend
!insertmacro CloseHelix ""
!insertmacro CloseHelix "un."

Function .onInit
	${IfNot} ${RunningX64}
		MessageBox MB_ICONSTOP|MB_OK "Helix needs a 64-bit Windows 10 or 11." /SD IDOK
		SetErrorLevel 3
		Quit
	${EndIf}
FunctionEnd

Section "Helix"
	Call CloseHelix
	SetOutPath "$INSTDIR"
	ClearErrors
	File "/oname=Helix.exe" "${LAUNCHER}"
	${If} ${Errors}
		MessageBox MB_ICONSTOP|MB_OK "Helix.exe cannot be replaced: it is still running. Close Helix and try again." /SD IDOK
		SetErrorLevel 4
		Abort
	${EndIf}
	WriteUninstaller "$INSTDIR\Uninstall.exe"
	CreateShortCut "$SMPROGRAMS\Helix.lnk" "$INSTDIR\Helix.exe" "" "$INSTDIR\Helix.exe" 0 \
		SW_SHOWNORMAL "" "A Linux desktop in a window"
	WriteRegStr HKCU "Software\Helix" "InstallDirectory" "$INSTDIR"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayName" "Helix"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\Helix.exe,0"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "Publisher" "The Helix project"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
	WriteRegStr HKCU "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\Uninstall.exe"'
	WriteRegStr HKCU "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\Uninstall.exe" /S'
	WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoModify" 1
	WriteRegDWORD HKCU "${UNINSTALL_KEY}" "NoRepair" 1
	${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
	WriteRegDWORD HKCU "${UNINSTALL_KEY}" "EstimatedSize" $0
SectionEnd

Section "Uninstall"
	Call un.CloseHelix
	; The system has everything that the person made in it: it goes only when they say so.
	${GetParameters} $0
	ClearErrors
	${GetOptions} $0 "/PURGE" $1
	${IfNot} ${Errors}
		Goto purge
	${EndIf}
	MessageBox MB_ICONQUESTION|MB_YESNO|MB_DEFBUTTON2 \
		"Remove the Linux system of Helix as well, with all files in it, and disks that were kept of earlier ones? They cannot be brought back." \
		/SD IDNO IDYES purge
	Goto keep
purge:
	StrCpy $1 1 ; unless it says something else
	ExecWait '"$INSTDIR\Helix.exe" --uninstall --yes' $1
	; 2: the system is gone, and of its folder something is left.
	${If} $1 != 0
	${AndIf} $1 != 2
		MessageBox MB_ICONEXCLAMATION|MB_OK "The Linux system could not be removed. Helix.exe --uninstall, once more, says why." /SD IDOK
		SetErrorLevel 5
		Abort
	${EndIf}
keep:
	Delete /REBOOTOK "$INSTDIR\Helix.exe"
	Delete "$INSTDIR\Uninstall.exe"
	RMDir "$INSTDIR"
	Delete "$SMPROGRAMS\Helix.lnk"
	DeleteRegKey HKCU "${UNINSTALL_KEY}"
	DeleteRegKey HKCU "Software\Helix"
SectionEnd
